package operators_test

import (
	"flag"
	"fmt"
	"testing"
)

var (
	seeds = flag.Int("seeds", 4, "how many shops")
	first = flag.Uint64("first", 0, "seed of the first")
)

// TestP25_P27_P28_P30_WhateverHappensHubAndTerminalsAgree lets cashiers,
// customers, the network and the clock do thousands of things, and at each
// quiet point holds the hub to the terminals' own books: nothing charged twice,
// every authorization booked or returned, every closed batch equal to the
// ledger of intents.
// Two replicas answer, each of which may be killed before or after any commit or
// call; their clock jumps by an hour; people may lie about slips.
//
// Seen red when: a create whose answer was lost is called again; a refund is, or
// it is forgotten that it was asked for; a declined terminal payment counts as
// paid. That UNDO_REQUEST is no end and that a closed batch is not reversed is
// held by tests of provider/prisma and payment: here the hub asks on, and the
// terminal refuses. More seeds: go test ./e2e/operators -seeds 60 -first 100.
func TestP25_P27_P28_P30_WhateverHappensHubAndTerminalsAgree(t *testing.T) {
	const points, steps = 6, 500
	did := make([]map[string]int, *seeds) // 12,000 steps
	t.Run("seeds", func(t *testing.T) {
		for seed := range did {
			t.Run(fmt.Sprint(seed), func(t *testing.T) {
				t.Parallel()
				s := newShop(t, *first+uint64(seed))
				did[seed] = s.did
				for range points {
					for range steps {
						s.step()
					}
					s.quiet()
					s.check()
				}
			})
		}
	})
	all := map[string]int{}
	for _, one := range did {
		for name, n := range one {
			all[name] += n
		}
	}
	t.Log(all)
	for _, d := range deeds {
		if all[d.name] == 0 {
			t.Errorf("%q was never done", d.name)
		}
	}
	for _, came := range []string{"paid", "rejected", "canceled", "refunded by reversal", "partially refunded", "taken back", "settled by slip",
		"refund settled by slip", "batch closed", "difference", "killed", "lie found"} {
		if all[came] == 0 {
			t.Errorf("it never came to %q", came)
		}
	}
}
