package pay

import "sync"

// watch tells the pages of this process that a session changed. It carries no data: whoever is told
// reads the truth from the store.
type watch struct {
	mu   sync.Mutex
	subs map[string]map[chan struct{}]struct{}
}

func newWatch() *watch { return &watch{subs: map[string]map[chan struct{}]struct{}{}} }

// Watch returns a channel that gets a signal after each change of the session or its payment made
// by this process. Signals that nobody fetched are merged into one. stop must be called.
func (s *Service) Watch(sessionID string) (changed <-chan struct{}, stop func()) {
	w, ch := s.watch, make(chan struct{}, 1)
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.subs[sessionID] == nil {
		w.subs[sessionID] = map[chan struct{}]struct{}{}
	}
	w.subs[sessionID][ch] = struct{}{}
	return ch, func() { w.drop(sessionID, ch) }
}

func (w *watch) drop(sessionID string, ch chan struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.subs[sessionID], ch)
	if len(w.subs[sessionID]) == 0 {
		delete(w.subs, sessionID)
	}
}

func (w *watch) tell(sessionID string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for ch := range w.subs[sessionID] {
		select {
		case ch <- struct{}{}:
		default: // a signal is already waiting
		}
	}
}
