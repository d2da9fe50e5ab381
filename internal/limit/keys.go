package limit

import (
	"container/list"
	"sync"
)

// MaxKeys is the number of keys that one limiter remembers. The one that was used longest ago
// makes room for a new one.
const MaxKeys = 100_000

// keys is a map from key to T that holds a bounded number and evicts the least recently used.
type keys[T any] struct {
	mu    sync.Mutex
	max   int
	items map[string]*list.Element
	order *list.List // of *item[T], the latest used in front
}

type item[T any] struct {
	key   string
	value T
}

func newKeys[T any]() keys[T] {
	return keys[T]{max: MaxKeys, items: make(map[string]*list.Element), order: list.New()}
}

// get returns the value of key and whether it is new. The caller holds mu.
func (k *keys[T]) get(key string) (value *T, fresh bool) {
	if e, ok := k.items[key]; ok {
		k.order.MoveToFront(e)
		return &e.Value.(*item[T]).value, false
	}
	if len(k.items) >= k.max {
		oldest := k.order.Back()
		delete(k.items, oldest.Value.(*item[T]).key)
		k.order.Remove(oldest)
	}
	it := &item[T]{key: key}
	k.items[key] = k.order.PushFront(it)
	return &it.value, true
}

// size returns the number of keys remembered.
func (k *keys[T]) size() int {
	k.mu.Lock()
	defer k.mu.Unlock()
	return len(k.items)
}
