package jsonschema

import "strconv"

// arrays compares two arrays in the order in which Confluent lists their differences.
func (c *comparer) arrays(r *result, o, u *arrayFacets) {
	c.child(r, o.all, u.all, "items", "")
	c.tuples(r, o, u)
	c.additional(r, side{o.closed, o.additional}, side{u.closed, u.additional}, "ADDITIONAL_ITEMS", "additionalItems")
	c.unevaluated(r, o.unevaluated, u.unevaluated, "UNEVALUATED_ITEMS", "unevaluatedItems")
	c.bound(r, o.max, u.max, "MAX_ITEMS", "maxItems")
	c.bound(r, o.min, u.min, "MIN_ITEMS", "minItems")
	if u.unique && !o.unique {
		c.add(r, "UNIQUE_ITEMS_ADDED", "uniqueItems")
	} else if o.unique && !u.unique {
		c.add(r, "UNIQUE_ITEMS_REMOVED", "uniqueItems")
	}
	c.bound(r, o.maxContains, u.maxContains, "MAX_CONTAINS", "maxContains")
	c.bound(r, o.minContains, u.minContains, "MIN_CONTAINS", "minContains")
}

const itemsAt = "items/"

func (c *comparer) tuples(r *result, o, u *arrayFacets) {
	for i := range max(len(o.tuple), len(u.tuple)) {
		name := strconv.Itoa(i)
		switch {
		case i >= len(u.tuple):
			c.itemRemoved(r, o.tuple[i], u, name)
		case i >= len(o.tuple):
			c.itemAdded(r, o, u.tuple[i], name)
		default:
			c.child(r, o.tuple[i], u.tuple[i], itemsAt, name)
		}
	}
}

// open reports whether the array takes any further item.
func (a *arrayFacets) open() bool {
	return !a.closed && a.additional == nil && (a.unevaluated == nil || a.unevaluated.empty())
}

func (c *comparer) itemRemoved(r *result, n *node, u *arrayFacets, name string) {
	cover := coverOf(u.closed, u.additional, u.unevaluated)
	switch {
	case u.open():
		c.addAt(r, "ITEM_REMOVED_FROM_OPEN_CONTENT_MODEL", itemsAt, name)
	case cover != nil:
		c.covered(r, n, cover, itemsAt, name, "ITEM_REMOVED")
	case n.kind == kindFalse:
		c.addAt(r, "ITEM_WITH_FALSE_REMOVED_FROM_CLOSED_CONTENT_MODEL", itemsAt, name)
	default:
		c.addAt(r, "ITEM_REMOVED_FROM_CLOSED_CONTENT_MODEL", itemsAt, name)
	}
}

func (c *comparer) itemAdded(r *result, o *arrayFacets, n *node, name string) {
	cover := coverOf(o.closed, o.additional, o.unevaluated)
	switch {
	case o.open() && n.empty():
		c.addAt(r, "ITEM_WITH_EMPTY_SCHEMA_ADDED_TO_OPEN_CONTENT_MODEL", itemsAt, name)
	case o.open():
		c.addAt(r, "ITEM_ADDED_TO_OPEN_CONTENT_MODEL", itemsAt, name)
	case cover != nil:
		c.covered(r, cover, n, itemsAt, name, "ITEM_ADDED")
	default:
		c.addAt(r, "ITEM_ADDED_TO_CLOSED_CONTENT_MODEL", itemsAt, name)
	}
}
