package main

import (
	"container/heap"
	"errors"
	"log"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// virtioHeader is the length of struct virtio_net_hdr, which precedes each frame read or written.
const virtioHeader = 10

// longestFrame holds a frame of 64 KiB that is not yet segmented.
const longestFrame = 1 << 17

// forward passes frames on until an interface is gone. Frames without delay overtake delayed ones.
func forward(from, to int, current *atomic.Pointer[Impairment]) {
	waiting := newQueue(to)
	go waiting.run()
	buffer := make([]byte, longestFrame)
	for {
		length, err := syscall.Read(from, buffer)
		switch {
		case errors.Is(err, syscall.EINTR), errors.Is(err, syscall.ENETDOWN):
			continue
		case err != nil:
			log.Fatalf("read: %v", err)
		}
		impairment := current.Load()
		if length < virtioHeader || impairment.loses() {
			continue
		}
		if delay := impairment.delay(buffer[virtioHeader:length]); delay == 0 {
			send(to, buffer[:length])
		} else {
			waiting.add(buffer[:length], time.Now().Add(delay))
		}
	}
}

// send drops a frame that the interface does not accept, as a wire would.
func send(to int, frame []byte) {
	_, _ = syscall.Write(to, frame)
}

// maxWaiting limits the delayed frames of one direction, in bytes. Frames beyond it are dropped.
const maxWaiting = 64 << 20

type frame struct {
	due   time.Time
	turn  uint64
	bytes []byte
}

// A queue sends each frame when it is due, and frames due at the same time in order of arrival.
type queue struct {
	to     int
	lock   sync.Mutex
	frames frames
	bytes  int
	turn   uint64
	// Signals that another frame is now the first.
	sooner chan struct{}
}

func newQueue(to int) *queue {
	return &queue{to: to, sooner: make(chan struct{}, 1)}
}

func (queue *queue) add(bytes []byte, due time.Time) {
	queue.lock.Lock()
	defer queue.lock.Unlock()
	if queue.bytes+len(bytes) > maxWaiting {
		return
	}
	queue.turn++
	queue.bytes += len(bytes)
	added := &frame{due, queue.turn, append([]byte(nil), bytes...)}
	heap.Push(&queue.frames, added)
	if queue.frames[0] == added {
		select {
		case queue.sooner <- struct{}{}:
		default:
		}
	}
}

func (queue *queue) run() {
	const never = time.Hour
	timer := time.NewTimer(never)
	for {
		select {
		case <-timer.C:
		case <-queue.sooner:
		}
		wait := never
		for {
			next, left := queue.take()
			if next == nil {
				wait = min(wait, left)
				break
			}
			send(queue.to, next)
		}
		timer.Reset(wait)
	}
}

// take returns the first frame if it is due, else nil and the time until it is.
func (queue *queue) take() ([]byte, time.Duration) {
	queue.lock.Lock()
	defer queue.lock.Unlock()
	if len(queue.frames) == 0 {
		return nil, time.Hour
	}
	if left := time.Until(queue.frames[0].due); left > 0 {
		return nil, left
	}
	first := heap.Pop(&queue.frames).(*frame)
	queue.bytes -= len(first.bytes)
	return first.bytes, 0
}

// frames is a heap in the order in which they are due.
type frames []*frame

func (all frames) Len() int { return len(all) }
func (all frames) Less(i, j int) bool {
	if all[i].due.Equal(all[j].due) {
		return all[i].turn < all[j].turn
	}
	return all[i].due.Before(all[j].due)
}
func (all frames) Swap(i, j int) { all[i], all[j] = all[j], all[i] }
func (all *frames) Push(x any)   { *all = append(*all, x.(*frame)) }
func (all *frames) Pop() any {
	last := len(*all) - 1
	x := (*all)[last]
	(*all)[last] = nil
	*all = (*all)[:last]
	return x
}
