package core_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/huongvecoso/outreach/core"
	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/event"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/notify"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/sealed"
	"github.com/huongvecoso/outreach/core/store"
)

// What must not be found anywhere but in the vault.
const (
	secretBody  = "Cán bộ nhận tiền khi xét hộ nghèo"
	secretName  = "Nguyễn Thị Kín"
	secretPhone = "+84909998877"
)

func denunciation() sealed.Reception {
	return sealed.Reception{Body: secretBody, Speaker: secretName + " " + secretPhone, Place: "AP-01", Accused: []org.PersonID{minh}}
}

// receives hands a denunciation over and returns its receipt.
func (c *cast) receives(who org.PersonID, r sealed.Reception) (receipt string) {
	c.t.Helper()
	c.must(who, func(ctx context.Context, w *core.Work) (err error) {
		receipt, err = w.Sealed.Receive(ctx, r)
		return err
	})
	return receipt
}

// cases reads the vault.
func (c *cast) cases() (cases []sealed.Case) {
	c.t.Helper()
	c.see(func(ctx context.Context, tx store.Tx) (err error) { cases, err = tx.SealedCases(ctx); return err })
	return cases
}

func readsCase(id sealed.ID, into *sealed.Reading) func(context.Context, *core.Work) error {
	return func(ctx context.Context, w *core.Work) error {
		r, err := w.Sealed.Read(ctx, id)
		if into != nil {
			*into = r
		}
		return err
	}
}

// inspectorReads lets the inspector of the first case read it.
func (c *cast) inspectorReads(t *testing.T) (r sealed.Reading) {
	t.Helper()
	first := c.cases()[0]
	c.must(first.Inspector, readsCase(first.ID, &r))
	return r
}

// strings walks everything that v holds, exported or not, and calls see with
// each text and where it stands.
func texts(v reflect.Value, at string, see func(at, text string), been map[uintptr]bool) {
	switch v.Kind() {
	case reflect.String:
		see(at, v.String())
	case reflect.Pointer:
		if v.IsNil() || been[v.Pointer()] {
			return
		}
		been[v.Pointer()] = true
		texts(v.Elem(), at, see, been)
	case reflect.Interface:
		if !v.IsNil() {
			texts(v.Elem(), at, see, been)
		}
	case reflect.Slice:
		if v.Type().Elem().Kind() == reflect.Uint8 {
			see(at, string(v.Bytes()))
			return
		}
		fallthrough
	case reflect.Array:
		for i := range v.Len() {
			texts(v.Index(i), at, see, been)
		}
	case reflect.Map:
		for _, key := range v.MapKeys() {
			texts(key, at, see, been)
			texts(v.MapIndex(key), at, see, been)
		}
	case reflect.Struct:
		for i := range v.NumField() {
			texts(v.Field(i), at+"."+v.Type().Field(i).Name, see, been)
		}
	}
}

// wantNothingOutsideTheVault looks through the whole memory of the store,
// transactions and indexes included: in the vault it stands locked.
func (c *cast) wantNothingOutsideTheVault() {
	c.t.Helper()
	locked, seen := 0, 0
	texts(reflect.ValueOf(c.store), "store", func(at, text string) {
		seen++
		if strings.HasPrefix(at, "store.tables.cases.") && strings.HasSuffix(at, ".Body") && text != "" {
			locked++
		}
		for _, secret := range []string{secretBody, secretName, secretPhone, "Kín", "hộ nghèo"} {
			if !strings.Contains(text, secret) {
				continue
			}
			c.t.Errorf("%s holds %q", at, secret)
		}
	}, map[uintptr]bool{})
	if locked == 0 || seen < 1000 {
		c.t.Errorf("looked at %d texts, %d locked ones in the vault: this test does not see", seen, locked)
	}
}

func TestADenunciationStandsNowhereButInTheVault(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08 20:30") // a Wednesday evening
	receipt := c.receives(lan, denunciation())
	one := c.cases()[0]
	c.wantNothingOutsideTheVault()

	told := c.outbox(notify.Query{Template: "sealed.received"})
	if len(told) != 2 || told[0].Channel != notify.Email || told[1].Channel != notify.SMS || told[0].To.Person != tt01 {
		t.Fatalf("%+v", told)
	}
	templates, err := notify.DefaultTemplates()
	if err != nil {
		t.Fatal(err)
	}
	for _, n := range told {
		if diff := cmp.Diff(map[string]string{"code": one.Code}, n.Vars); diff != "" || n.Priority != notify.Critical || !n.NotBefore.Equal(c.sys.Now()) {
			t.Errorf("nothing but a code, at once: %s %+v", diff, n)
		}
		vars := map[string]string{"recipient": "x", "honorific": "x", "given": "x", "sender": "x", "hotline": "x", "code": one.Code}
		for _, lang := range []string{"vi", "en"} {
			subject, text, err := templates.Render(n.Template, lang, n.Channel, vars)
			if err != nil || !strings.Contains(text, one.Code) || strings.Contains(subject+text, "AP-01") {
				t.Errorf("%q %q %v", subject, text, err)
			}
		}
	}
	c.see(func(ctx context.Context, tx store.Tx) error {
		records, err := tx.Records(ctx, event.Query{})
		for _, r := range records {
			if strings.Contains(r.Kind+r.Subject.Type, "sealed") || r.Actor == string(lan) {
				t.Errorf("the journal tells of it: %+v", r)
			}
		}
		return err
	})
	if one.Receipt == receipt || strings.Contains(receipt, one.Code) || len(strings.Split(receipt, "-")) != 3 || one.Inspector != tt01 || one.Status != sealed.Transferred {
		t.Errorf("receipt %q, case %+v", receipt, one)
	}
	texts(reflect.ValueOf(c.store), "store", func(at, text string) {
		if strings.Contains(text, receipt) || strings.Contains(text, strings.ReplaceAll(receipt, "-", "")) {
			t.Errorf("the receipt stands in %s", at)
		}
	}, map[uintptr]bool{})
	c.see(func(ctx context.Context, tx store.Tx) error {
		duties, err := tx.Duties(ctx, duty.Query{Subject: sealed.Subject(one.ID)})
		if len(duties) != 1 || duties[0].Due != day("2017-03-10") || duties[0].Label != one.Code || duties[0].Place != "" {
			t.Errorf("%+v", duties)
		}
		return err
	})
	c.sweepUntil("2017-03-20 08:00")
	c.wantNothingOutsideTheVault()
}

// reader is somebody and how a try ended.
type reader struct {
	who    org.PersonID
	system bool
}

func TestNobodyButTheInspectorWithAccessSeesACaseAndNobodyLearnsThatThereIsOne(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	c.receives(lan, denunciation())
	one := c.cases()[0]
	var refusals []string
	tries := 0
	for _, r := range []reader{{who: lan}, {who: minh}, {who: tl03}, {who: u30}, {who: vp01}, {who: pct}, {who: ct}, {who: qt01}, {who: kt01}, {who: ta01}, {who: tt02}, {who: ptt}, {who: "nobody"}, {system: true}} {
		for _, id := range []sealed.ID{one.ID, "no-such-case"} {
			for name, act := range map[string]func(context.Context, *core.Work) error{
				"read":        readsCase(id, nil),
				"acknowledge": func(ctx context.Context, w *core.Work) error { return w.Sealed.Acknowledge(ctx, id) },
				"resolve":     func(ctx context.Context, w *core.Work) error { return w.Sealed.Resolve(ctx, id, "x") },
				"not accept":  func(ctx context.Context, w *core.Work) error { return w.Sealed.NotAccept(ctx, id, "x") },
				"accuse":      func(ctx context.Context, w *core.Work) error { return w.Sealed.Accuse(ctx, id, ha) },
				"step out":    func(ctx context.Context, w *core.Work) error { return w.Sealed.StepOut(ctx, id) },
			} {
				tries++
				err := c.sys.Update(t.Context(), org.Actor{Person: r.who, System: r.system}, act)
				if !errors.Is(err, fault.ErrForbidden) {
					t.Fatalf("%+v may %s %s: %v", r, name, id, err)
				}
				refusals = append(refusals, err.Error())
			}
		}
	}
	slices.Sort(refusals)
	if refusals = slices.Compact(refusals); len(refusals) != 1 {
		t.Errorf("refusals differ, and so tell something: %q", refusals)
	}
	if diff := cmp.Diff(one, c.cases()[0]); diff != "" {
		t.Errorf("a refused try changed the case: %s", diff)
	}

	var reading sealed.Reading
	c.must(tt01, readsCase(one.ID, &reading))
	if reading.Body != secretBody || reading.Code != one.Code {
		t.Errorf("%+v", reading)
	}
	view := c.sys.View(t.Context(), org.Actor{Person: tt01}, readsCase(one.ID, nil))
	hidden := c.sys.View(t.Context(), org.Actor{Person: tt02}, readsCase(one.ID, nil))
	if view == nil || hidden == nil || view.Error() != hidden.Error() {
		t.Errorf("a look that cannot be kept is no look: %v, %v", view, hidden)
	}
	var log []sealed.Access
	c.must(kt01, func(ctx context.Context, w *core.Work) (err error) {
		log, err = w.Sealed.AccessLog(ctx, "")
		return err
	})
	allowed, refused := 0, 0
	for _, a := range log {
		if a.Allowed {
			allowed++
		} else {
			refused++
		}
	}
	if allowed != 2 || refused != tries { // received and read
		t.Errorf("%d allowed, %d refused of %d tries: %+v", allowed, refused, tries, log)
	}
	for _, who := range []org.PersonID{tt01, vp01, ct, qt01} {
		c.refused("sealed.refused", who, func(ctx context.Context, w *core.Work) error { _, err := w.Sealed.AccessLog(ctx, one.ID); return err })
	}
}

func TestAnInspectorTakesOverAndTheSpeakerFollowsByReceipt(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	receipt := c.receives(lan, denunciation())
	one := c.cases()[0]
	follow := func(receipt string) (p sealed.Progress, err error) {
		err = c.sys.View(t.Context(), org.Actor{Person: ha}, func(ctx context.Context, w *core.Work) error {
			p, err = w.Sealed.Status(ctx, receipt)
			return err
		})
		return p, err
	}
	if p, err := follow(" " + strings.ToLower(strings.ReplaceAll(receipt, "-", " "))); err != nil || p.Status != sealed.Transferred || p.Received != day("2017-03-08") {
		t.Errorf("%+v, %v", p, err)
	}
	for _, wrong := range []string{"", one.Code, string(one.ID), one.Receipt, receipt + "A", "AAAA-AAAA-AAAA"} {
		if _, err := follow(wrong); !errors.Is(err, fault.ErrNotFound) || wrong != "" && strings.Contains(err.Error(), wrong) {
			t.Errorf("%q leads to %v", wrong, err)
		}
	}
	c.must(tt01, func(ctx context.Context, w *core.Work) error {
		mine, err := w.Sealed.Mine(ctx)
		if len(mine) != 1 || mine[0].ID != one.ID || mine[0].Code != one.Code {
			t.Errorf("%+v", mine)
		}
		return err
	})
	c.must(tt02, func(ctx context.Context, w *core.Work) error {
		mine, err := w.Sealed.Mine(ctx)
		if len(mine) != 0 {
			t.Errorf("%+v", mine)
		}
		return err
	})
	c.must(tt01, func(ctx context.Context, w *core.Work) error { return w.Sealed.Acknowledge(ctx, one.ID) })
	c.see(func(ctx context.Context, tx store.Tx) error {
		duties, err := tx.Duties(ctx, duty.Query{Subject: sealed.Subject(one.ID)})
		if duties[0].Status != duty.Met {
			t.Errorf("%+v", duties)
		}
		return err
	})
	c.at("2017-04-20")
	c.refused("sealed.close.reference_missing", tt01, func(ctx context.Context, w *core.Work) error { return w.Sealed.Resolve(ctx, one.ID, "") })
	c.must(tt01, func(ctx context.Context, w *core.Work) error { return w.Sealed.Resolve(ctx, one.ID, "12/TTr-HS") })
	if p, _ := follow(receipt); p.Status != sealed.Resolved || p.Closed != day("2017-04-20") {
		t.Errorf("%+v", p)
	}
	c.at("2018-04-21 09:00")
	c.sweep()
	if e := c.cases()[0]; e.Status != sealed.Erased || e.Body != "" {
		t.Errorf("a year later it is erased: %+v", e)
	}
	if _, err := follow(receipt); !errors.Is(err, fault.ErrNotFound) {
		t.Errorf("and nobody can follow it: %v", err)
	}
}

func TestRoutingExcludesTheAccusedWhoStandsAboveThemAndWhoWroteItDown(t *testing.T) {
	for _, c := range []struct {
		name     string
		r        sealed.Reception
		by       org.PersonID
		to       org.PersonID
		excluded []org.PersonID
	}{
		{"an official: team leader and head of the unit are out", denunciation(), lan, tt01, []org.PersonID{minh, lan, tl03, u30}},
		{"the whole unit", sealed.Reception{Body: "x", Place: "AP-01", AccusedUnits: []org.UnitID{unitTNMT}}, lan, tt01, []org.PersonID{u10, u11, lan}},
		{"a hamlet head: the commune's leader is out", sealed.Reception{Body: "x", Place: "AP-01", Accused: []org.PersonID{ta01}}, lan, tt01, []org.PersonID{ta01, lx01, lan}},
		{"an inspector: the deputy above is out, another takes it", sealed.Reception{Body: "x", Accused: []org.PersonID{tt01}}, lan, tt02, []org.PersonID{tt01, ptt, lan}},
		{"all inspectors: their superior is out too, the chair names somebody", sealed.Reception{Body: "x", Accused: []org.PersonID{tt01, tt02, tt03}}, lan, "", []org.PersonID{tt01, tt02, tt03, ptt}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cast := newCast(t, nil)
			cast.at("2017-03-08")
			cast.receives(c.by, c.r)
			one := cast.cases()[0]
			if one.Inspector != c.to {
				t.Errorf("handed to %q, want %q", one.Inspector, c.to)
			}
			for _, who := range c.excluded {
				if !one.Excludes(who) {
					t.Errorf("%s is not excluded", who)
				}
				for _, n := range cast.outbox(notify.Query{}) {
					if n.To.Person == who {
						t.Errorf("%s is told: %+v", who, n)
					}
				}
				cast.refused("sealed.refused", ct, func(ctx context.Context, w *core.Work) error { return w.Sealed.Grant(ctx, one.ID, who) })
				cast.refused("sealed.refused", who, readsCase(one.ID, nil))
			}
		})
	}
}

func TestTheChairNamesAnInspectorWhereNoneMaySeeACase(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	c.receives(lan, sealed.Reception{Body: secretBody, Accused: []org.PersonID{tt01, tt02, ptt}})
	one := c.cases()[0]
	if one.Inspector != tt03 {
		t.Fatalf("%+v", one)
	}
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutLeave(ctx, &org.Leave{ID: "l", Person: tt03, Days: days("2017-03-09", "2017-03-20"), Substitute: tt01})
	})
	c.at("2017-03-09")
	c.refused("sealed.receive.no_receiver", lan, func(ctx context.Context, w *core.Work) error {
		_, err := w.Sealed.Receive(ctx, sealed.Reception{Body: secretBody, Accused: []org.PersonID{tt01, tt02, ptt, ct}})
		return err
	})
	if n := len(c.cases()); n != 1 {
		t.Errorf("where nobody may see it, nothing is kept: %d cases", n)
	}
	c.receives(lan, sealed.Reception{Body: secretBody, Accused: []org.PersonID{tt01}})
	if second := c.cases()[1]; second.Inspector != tt02 {
		t.Errorf("handed to %q", second.Inspector)
	}

	c.receives(lan, sealed.Reception{Body: secretBody, Accused: []org.PersonID{tt01, tt02}}) // tt03 is away: its substitute reads nothing
	third := c.cases()[2]
	if third.Status != sealed.Received || third.Inspector != "" {
		t.Fatalf("%+v", third)
	}
	told := c.outbox(notify.Query{Template: "sealed.needs_inspector"})
	if len(told) != 2 || told[0].To.Person != ct {
		t.Errorf("%+v", told)
	}
	grant := func(to org.PersonID) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) error { return w.Sealed.Grant(ctx, third.ID, to) }
	}
	c.refused("sealed.refused", pct, grant(tt03))
	c.refused("sealed.refused", ct, grant(vp01)) // no inspector
	c.refused("sealed.refused", ct, readsCase(third.ID, nil))
	c.must(ct, func(ctx context.Context, w *core.Work) error {
		mine, err := w.Sealed.Mine(ctx)
		if len(mine) != 1 || mine[0].ID != third.ID {
			t.Errorf("%+v", mine)
		}
		return err
	})
	c.must(ct, grant(tt03))
	if third = c.cases()[2]; third.Status != sealed.Transferred || third.Inspector != tt03 {
		t.Errorf("%+v", third)
	}
	c.must(tt03, readsCase(third.ID, nil))
}

func TestAnInspectorWithAnInterestStepsOut(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	c.receives(lan, denunciation())
	one := c.cases()[0]
	c.must(tt01, func(ctx context.Context, w *core.Work) error { return w.Sealed.StepOut(ctx, one.ID) })
	one = c.cases()[0]
	if one.Inspector != tt02 {
		t.Errorf("%+v", one)
	}
	c.refused("sealed.refused", tt01, readsCase(one.ID, nil))
	c.must(tt02, readsCase(one.ID, nil))
	c.must(tt02, func(ctx context.Context, w *core.Work) error { return w.Sealed.Accuse(ctx, one.ID, tl03, tt02) })
	if one = c.cases()[0]; one.Inspector != tt03 || !one.Excludes(tl03) || !one.Excludes(ptt) {
		t.Errorf("whoever turns out to be accused is out: %+v", one)
	}
	c.refused("sealed.refused", tt02, readsCase(one.ID, nil))
}

func TestAnInspectorLosesAccessWithTheRoleOrWhenSetAboveTheAccused(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	c.receives(lan, denunciation())
	one := c.cases()[0]
	c.put(func(ctx context.Context, tx store.Tx) error {
		return tx.PutHolding(ctx, &org.Holding{ID: "new", Person: tt01, Role: org.TeamLeader, Team: teamT3, Valid: days("2017-03-09", "2017-12-31")})
	})
	c.must(tt01, readsCase(one.ID, nil))
	c.at("2017-03-09")
	c.refused("sealed.refused", tt01, readsCase(one.ID, nil))

	c.receives(lan, denunciation()) // goes to another one
	two := c.cases()[1]
	c.must(two.Inspector, readsCase(two.ID, nil))
	c.put(func(ctx context.Context, tx store.Tx) error {
		held, err := tx.Holdings(ctx, org.HoldingQuery{Person: two.Inspector, Role: org.Inspector})
		if err != nil {
			return err
		}
		held[0].Valid.To = day("2017-03-09")
		return tx.PutHolding(ctx, &held[0])
	})
	c.at("2017-03-10")
	c.refused("sealed.refused", two.Inspector, readsCase(two.ID, nil))
}

func TestCasesAreSpreadOverTheInspectors(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	var to []org.PersonID
	for range 4 {
		c.receives(lan, sealed.Reception{Body: "x"})
	}
	for _, one := range c.cases() {
		to = append(to, one.Inspector)
	}
	if diff := cmp.Diff([]org.PersonID{tt01, tt02, tt03, tt01}, to); diff != "" {
		t.Error(diff)
	}
}

func TestTheOfficeCountsAndASmallPlaceIsNotShown(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	for _, place := range []org.PlaceID{"AP-01", "AP-01", "AP-01", "AP-02"} {
		c.receives(lan, sealed.Reception{Body: "x", Place: place})
	}
	c.receives(lan, sealed.Reception{Body: "x", Place: "AP-03", Accused: []org.PersonID{vp01}})
	count := func(f *sealed.Figures) func(context.Context, *core.Work) error {
		return func(ctx context.Context, w *core.Work) (err error) { *f, err = w.Sealed.Count(ctx); return err }
	}
	var f sealed.Figures
	c.must(vp01, count(&f))
	want := sealed.Figures{Total: 4, Open: 4, ByPlace: map[org.PlaceID]int{"AP-01": 3}, Hidden: 1}
	if diff := cmp.Diff(want, f); diff != "" {
		t.Errorf("what accuses the one who counts is not there: %s", diff)
	}
	for _, who := range []org.PersonID{lan, ct, pct, qt01, tt01} {
		c.refused("sealed.refused", who, count(&f))
	}
}

func TestARefusedTryIsKeptEvenWhenItsWorkIsUndone(t *testing.T) {
	c := newCast(t, nil)
	c.at("2017-03-08")
	c.receives(lan, denunciation())
	one := c.cases()[0]
	err := c.do(minh, func(ctx context.Context, w *core.Work) error {
		_, err := w.Sealed.Read(ctx, one.ID)
		return fmt.Errorf("handler: %w", err)
	})
	if !errors.Is(err, fault.ErrForbidden) {
		t.Fatal(err)
	}
	c.must(minh, func(ctx context.Context, w *core.Work) error { _, _ = w.Sealed.Read(ctx, one.ID); return nil })
	c.see(func(ctx context.Context, tx store.Tx) error {
		log, err := tx.SealedAccesses(ctx, one.ID)
		tries := 0
		for _, a := range log {
			if a.By == minh && !a.Allowed && a.What == sealed.ActRead {
				tries++
			}
		}
		if tries != 2 {
			t.Errorf("%d tries are kept, want each once: %+v", tries, log)
		}
		return err
	})
}

func TestTheLadderOfACaseGoesPastWhoeverMustNotKnow(t *testing.T) {
	for _, c := range []struct {
		name    string
		accused []org.PersonID
		late    []string
	}{
		{"as a rule the deputy is told", []org.PersonID{minh}, []string{"deputy_inspector", "inspector@person:TT-01"}},
		{"the deputy stands above the accused: the chair", []org.PersonID{tt02}, []string{"deputy_inspector@person:TT-01", "programme_chair"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			cast := newCast(t, nil)
			cast.at("2017-03-08")
			cast.receives(lan, sealed.Reception{Body: "x", Accused: c.accused})
			cast.sweepUntil("2017-03-13 08:00") // due 10/03
			var to []string
			for _, n := range cast.outbox(notify.Query{Template: "duty.sealed_ack.late"}) {
				to = append(to, n.To.Key())
			}
			slices.Sort(to)
			if diff := cmp.Diff(c.late, slices.Compact(to)); diff != "" {
				t.Error(diff)
			}
		})
	}
	t.Run("deputy and chair are excluded: nobody", func(t *testing.T) {
		c := newCast(t, nil)
		c.at("2017-03-08")
		c.receives(lan, sealed.Reception{Body: "x", Accused: []org.PersonID{ptt}}) // the chair stands above the deputy
		if n := c.cases()[0]; n.Inspector != tt01 {
			t.Fatalf("%+v", n)
		}
		c.sweepUntil("2017-03-20 08:00")
		if late := c.notices("duty.sealed_ack.late"); len(late) != 0 || len(c.notices("sealed.received")) != 2 {
			t.Errorf("%v", late)
		}
	})
}
