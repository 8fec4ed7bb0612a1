package rest

import (
	"net/http"

	"github.com/pawl-registry/pawl/openapi"
	"github.com/pawl-registry/pawl/registry"
)

// The key registry: key encryption keys and the data encryption keys below them (Confluent: DekRegistryResource).

var done = reply{status: http.StatusNoContent}

func kekOut(k registry.Kek) openapi.Kek {
	props := k.KMSProps
	if props == nil {
		props = map[string]string{}
	}
	return openapi.Kek{
		Name: k.Name, KMSType: k.KMSType, KMSKeyID: k.KMSKeyID, KMSProps: props, Doc: k.Doc, Shared: k.Shared, Time: k.Time,
		Deleted: k.Deleted,
	}
}

func okKek(k registry.Kek, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(kekOut(k))
}

// keks answers GET /keks.
func (s *server) keks(x *exchange) (reply, error) {
	return list(x, maxUnlimited, func() ([]string, error) { return s.reg.Keks(x.ctx(), x.query["subjectPrefix"], x.deleted()) })
}

// createKek answers POST /keks.
func (s *server) createKek(x *exchange) (reply, error) {
	var body openapi.KekRequest
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	return okKek(s.reg.CreateKek(x.ctx(), registry.Kek{
		Name: body.Name, KMSType: body.KMSType, KMSKeyID: body.KMSKeyID, KMSProps: body.KMSProps, Doc: body.Doc,
		Shared: body.Shared, Deleted: body.Deleted,
	}, x.trial()))
}

func (x *exchange) trial() registry.Trial { return registry.Trial(x.flag("testSharing")) }

// kek answers GET /keks/{kek}.
func (s *server) kek(x *exchange) (reply, error) {
	return okKek(s.reg.Kek(x.ctx(), x.param("kek"), x.deleted()))
}

// updateKek answers PUT /keks/{kek}, in which absent, null and given members differ.
func (s *server) updateKek(x *exchange) (reply, error) {
	var body struct {
		KMSProps registry.Edit[map[string]string] `json:"kmsProps"`
		Doc      registry.Edit[string]            `json:"doc"`
		Shared   registry.Edit[bool]              `json:"shared"`
	}
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	return okKek(s.reg.UpdateKek(x.ctx(), x.param("kek"), registry.KekUpdate(body), x.trial()))
}

// deleteKek answers DELETE /keks/{kek}.
func (s *server) deleteKek(x *exchange) (reply, error) {
	return done, s.reg.DeleteKek(x.ctx(), x.param("kek"), x.deletion())
}

// undeleteKek answers POST /keks/{kek}/undelete.
func (s *server) undeleteKek(x *exchange) (reply, error) {
	return done, s.reg.UndeleteKek(x.ctx(), x.param("kek"))
}

// testKek answers POST /keks/{kek}/test.
func (s *server) testKek(x *exchange) (reply, error) {
	return okKek(s.reg.TestKek(x.ctx(), x.param("kek")))
}

// dekName reads the kek and the subject of the path, after its alias for deks, and the algorithm of the query. An algorithm
// that does not exist is not found, as any parameter that cannot be converted.
func (x *exchange) dekName() (registry.DekName, error) {
	n := registry.DekName{Kek: x.param("kek"), Algorithm: x.query.Get("algorithm")}
	if !algorithm(n.Algorithm) {
		return n, notFound()
	}
	var err error
	if n.Subject, err = x.s.reg.ResolveForDeks(x.ctx(), x.param("subject")); err != nil {
		return n, err
	}
	return n, x.may(n.Subject)
}

var algorithms = []string{"", registry.AES128GCM, registry.AES256GCM, registry.AES256SIV}

func algorithm(name string) bool { return oneOf("algorithm", name, algorithms) == nil }

func okDek(d registry.Dek, err error) (reply, error) {
	if err != nil {
		return reply{}, err
	}
	return ok(openapi.Dek{
		KekName: d.Kek, Subject: d.Subject, Version: d.Version, Algorithm: d.Algorithm, EncryptedKeyMaterial: d.Wrapped,
		KeyMaterial: d.Material, Time: d.Time, Deleted: d.Deleted,
	})
}

// dekSubjects answers GET /keks/{kek}/deks.
func (s *server) dekSubjects(x *exchange) (reply, error) {
	return list(x, maxUnlimited, func() ([]string, error) {
		found, err := s.reg.DekSubjects(x.ctx(), x.param("kek"), x.deleted())
		return seen(x, found, func(name string) string { return name }), err
	})
}

// dekVersions answers GET /keks/{kek}/deks/{subject}/versions.
func (s *server) dekVersions(x *exchange) (reply, error) {
	n, err := x.dekName()
	if err != nil {
		return reply{}, err
	}
	return list(x, maxUnlimited, func() ([]int, error) { return s.reg.DekVersions(x.ctx(), n, x.deleted()) })
}

// firstDek answers GET /keks/{kek}/deks/{subject}: version 1, not the latest.
func (s *server) firstDek(x *exchange) (reply, error) {
	n, err := x.dekName()
	if err != nil {
		return reply{}, err
	}
	return okDek(s.reg.Dek(x.ctx(), n, 1, x.deleted()))
}

// dekPlace reads the name of a dek and the version of the path.
func (x *exchange) dekPlace() (registry.DekName, int, error) {
	version, err := x.versionParam()
	if err != nil {
		return registry.DekName{}, 0, err
	}
	n, err := x.dekName()
	return n, version, err
}

// dek answers GET /keks/{kek}/deks/{subject}/versions/{version}.
func (s *server) dek(x *exchange) (reply, error) {
	n, version, err := x.dekPlace()
	if err != nil {
		return reply{}, err
	}
	return okDek(s.reg.Dek(x.ctx(), n, version, x.deleted()))
}

// createDek answers POST /keks/{kek}/deks/{subject}, and the same without the subject, which is then in the body. A subject in
// the path wins.
func (s *server) createDek(x *exchange) (reply, error) {
	var body openapi.DekRequest
	if err := x.decode(&body); err != nil {
		return reply{}, err
	}
	if err := oneOf("algorithm", body.Algorithm, algorithms); err != nil {
		return reply{}, err
	}
	n := registry.DekName{Kek: x.param("kek"), Subject: body.Subject, Algorithm: body.Algorithm}
	if subject := x.param("subject"); subject != "" {
		var err error
		if n.Subject, err = s.reg.ResolveForDeks(x.ctx(), subject); err != nil {
			return reply{}, err
		}
	}
	if err := x.may(registry.ParseName(n.Subject).String()); err != nil {
		return reply{}, err
	}
	d := registry.NewDek{DekName: n, Version: 1, Wrapped: body.EncryptedKeyMaterial, Deleted: body.Deleted, Rewrap: x.flag("rewrap")}
	if body.Version != nil {
		d.Version = *body.Version
	}
	return okDek(s.reg.CreateDek(x.ctx(), d))
}

// deleteDek answers DELETE /keks/{kek}/deks/{subject}: all versions of the algorithm.
func (s *server) deleteDek(x *exchange) (reply, error) {
	n, err := x.dekName()
	if err != nil {
		return reply{}, err
	}
	return done, s.reg.DeleteDek(x.ctx(), n, 0, x.deletion())
}

// deleteDekVersion answers DELETE /keks/{kek}/deks/{subject}/versions/{version}.
func (s *server) deleteDekVersion(x *exchange) (reply, error) {
	n, version, err := x.dekPlace()
	if err != nil {
		return reply{}, err
	}
	return done, s.reg.DeleteDek(x.ctx(), n, version, x.deletion())
}

// undeleteDek answers POST /keks/{kek}/deks/{subject}/undelete: all versions of the algorithm.
func (s *server) undeleteDek(x *exchange) (reply, error) {
	n, err := x.dekName()
	if err != nil {
		return reply{}, err
	}
	return done, s.reg.UndeleteDek(x.ctx(), n, 0)
}

// undeleteDekVersion answers POST /keks/{kek}/deks/{subject}/versions/{version}/undelete.
func (s *server) undeleteDekVersion(x *exchange) (reply, error) {
	n, version, err := x.dekPlace()
	if err != nil {
		return reply{}, err
	}
	return done, s.reg.UndeleteDek(x.ctx(), n, version)
}
