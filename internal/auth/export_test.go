package auth

import "time"

// Known counts the credentials that are known at a time.
func Known(p *Passwords, now time.Time) (n int) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, until := range p.known {
		if now.Before(until) {
			n++
		}
	}
	return n
}

// FillQueue takes every place in the queue until free is called.
func FillQueue(p *Passwords) (free func()) {
	for range cap(p.queue) {
		p.queue <- struct{}{}
	}
	return func() {
		for range cap(p.queue) {
			<-p.queue
		}
	}
}
