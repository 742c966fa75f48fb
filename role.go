package posta

// Role is what a person of a merchant's team is there for. What each may do at
// the desk is project.Rights.
type Role string

// The roles. A client's contact is no user and has none.
const (
	Owner      Role = "owner"      // everything, as the only person of a small merchant
	Manager    Role = "manager"    // project manager: people, capacity, templates, waivers, the gate
	Integrator Role = "integrator" // works on projects
	Commercial Role = "commercial" // brings accounts and sets their priority
)

// Roles are all roles, the widest first.
var Roles = []Role{Owner, Manager, Integrator, Commercial}
