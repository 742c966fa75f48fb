package mercadopago

import (
	"cmp"
	"container/heap"
	"time"
)

// dues is the queue of subscriptions by when something happens to them. An
// entry whose subscription is due at another time by now is passed over, so
// that nothing has to be looked for when a time changes.
type dues struct{ list dueHeap }

type due struct {
	at  time.Time
	seq int64
	id  string
}

func (q *dues) add(at time.Time, seq int64, id string) { heap.Push(&q.list, due{at, seq, id}) }

// first is what comes next; ok is false when nothing does.
func (q *dues) first() (d due, ok bool) {
	if len(q.list) == 0 {
		return due{}, false
	}
	return q.list[0], true
}

func (q *dues) take() due { return heap.Pop(&q.list).(due) }

type dueHeap []due

func (h dueHeap) Len() int { return len(h) }
func (h dueHeap) Less(i, j int) bool {
	return cmp.Or(h[i].at.Compare(h[j].at), cmp.Compare(h[i].seq, h[j].seq)) < 0
}
func (h dueHeap) Swap(i, j int) { h[i], h[j] = h[j], h[i] }
func (h *dueHeap) Push(x any)   { *h = append(*h, x.(due)) }
func (h *dueHeap) Pop() any {
	old := *h
	last := old[len(old)-1]
	*h = old[:len(old)-1]
	return last
}
