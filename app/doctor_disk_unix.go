//go:build !windows

package app

import "golang.org/x/sys/unix"

// freeSpace is how many bytes a folder's disk has left for us; false where
// nobody can tell.
func freeSpace(folder string) (int64, bool) {
	var stat unix.Statfs_t
	if err := unix.Statfs(folder, &stat); err != nil {
		return 0, false
	}
	return int64(stat.Bavail) * int64(stat.Bsize), true
}
