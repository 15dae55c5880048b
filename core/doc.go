// Package core runs the programme "Hướng về cơ sở" (toward the grassroots): a
// System composes the modules' rules over one store, and a Work is one unit of
// work by one actor at one instant in one transaction.
//
//	sys, err := core.New(memstore.New(), policy.Default(), nil)
//	err = sys.Update(ctx, org.Actor{Person: "lan"}, func(ctx context.Context, w *core.Work) error {
//		_, err := w.Visits.Plan(ctx, ...)
//		return err
//	})
//
// A Work's services are the verbs of the programme. What they change, what they
// journal and whom it makes the programme tell share one fate. Package
// documentation of the modules (visit, issue, …) draws their state machines.
package core
