package egress

import (
	"fmt"
	"testing"
)

func TestPool_Bounded(t *testing.T) {
	pool := NewPool(Options{})
	first := pool.transport("tenant-0")
	for i := range 2 * maxTenants {
		pool.transport(fmt.Sprintf("tenant-%d", i))
		if len(pool.by) > maxTenants {
			t.Fatalf("%d tenants are kept, want at most %d", len(pool.by), maxTenants)
		}
	}
	last := fmt.Sprintf("tenant-%d", 2*maxTenants-1)
	if before := pool.transport(last); before != pool.transport(last) {
		t.Error("a tenant's connections change between two calls")
	}
	if pool.transport("tenant-0") == first {
		t.Error("the tenant that called longest ago is still there")
	}
}
