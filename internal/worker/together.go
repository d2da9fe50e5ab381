package worker

import "sync"

// Together returns a function that does n things that do not wait for one another, at most so many
// at once, and returns when all are done. A panic of one is a panic of the caller, after the others
// have ended.
func Together(limit int) func(n int, do func(i int)) {
	return func(n int, do func(i int)) {
		var all sync.WaitGroup
		var once sync.Once
		var panicked any
		turns := make(chan int)
		one := func(i int) {
			defer func() {
				if r := recover(); r != nil {
					once.Do(func() { panicked = r })
				}
			}()
			do(i)
		}
		for range min(n, limit) {
			all.Add(1)
			go func() {
				defer all.Done()
				for i := range turns {
					one(i)
				}
			}()
		}
		for i := range n {
			turns <- i
		}
		close(turns)
		all.Wait()
		if panicked != nil {
			panic(panicked)
		}
	}
}
