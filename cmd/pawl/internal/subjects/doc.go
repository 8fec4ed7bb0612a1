// Package subjects is `pawl schema`: register, get, list, versions, check and delete.
package subjects
