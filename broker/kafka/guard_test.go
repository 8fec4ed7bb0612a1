package kafka

import "testing"

func TestEveryKeyHasAGuard(t *testing.T) {
	all := guards()
	for _, a := range table() {
		if all[a.key] == nil && a.handle != nil {
			t.Errorf("%s has no guard: whoever may not use it could", a.name)
		}
	}
}
