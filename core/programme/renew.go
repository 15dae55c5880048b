package programme

import (
	"strings"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
)

// Document is how the basis is cited: "60/KH-UBND".
func (b Basis) Document() string {
	if b.Symbol == "" {
		return b.Number
	}
	return b.Number + "/" + b.Symbol
}

// Validate returns every fault of the programme at once. The date and the
// signer of the document may be unknown; its number, issuer and title may not.
func (s State) Validate() error {
	var faults fault.List
	if s.ID == "" || strings.TrimSpace(s.Code) == "" || strings.TrimSpace(s.Name) == "" {
		faults.Add(fault.Broken("programme.incomplete", "name", "A programme needs an id, a code and a name.", "Kế hoạch phải có mã định danh, ký hiệu và tên."))
	}
	if strings.TrimSpace(s.Basis.Number) == "" || strings.TrimSpace(s.Basis.Issuer) == "" || strings.TrimSpace(s.Basis.Title) == "" {
		faults.Add(fault.Broken("programme.basis", "basis",
			"A programme rests on a document; give its number, issuer and title.",
			"Kế hoạch phải có căn cứ; cần ghi số văn bản, cơ quan ban hành và trích yếu."))
	}
	if !s.Valid.Valid() || s.Valid.Open() {
		faults.Add(fault.Broken("programme.period", "valid",
			"A programme has a first and a last day.", "Kế hoạch phải có ngày đầu và ngày cuối."))
	}
	for _, o := range s.QuotaOverrides {
		faults.Add(o.Validate(s.Valid))
	}
	for _, b := range s.Burdens {
		if b.Place == "" || b.Weight < 1 {
			faults.Add(fault.Broken("programme.burden", "burdens",
				"The burden of a hamlet names it and weighs at least 1 hundredth.", "Hệ số của ấp phải ghi rõ ấp và ít nhất là 1 phần trăm."))
		}
	}
	for _, q := range s.Avoid {
		if !q.Days.Valid() || q.Days.Open() || strings.TrimSpace(q.Why) == "" {
			faults.Add(fault.Broken("programme.avoid", "avoid",
				"Days to avoid have a first and a last one and a reason.", "Những ngày cần tránh phải có ngày đầu, ngày cuối và lý do."))
		}
	}
	return faults.Err()
}

// Validate returns the faults of a change of the quota: it is made by decision,
// for a month of the programme, and is not negative.
func (o QuotaOverride) Validate(programme calendar.Period) error {
	var faults fault.List
	if !o.Month.Valid() || !programme.Overlaps(o.Month.Period()) {
		faults.Add(fault.Broken("programme.quota.month", "month",
			"The month %[1]s does not belong to the programme.", "Tháng %[1]s không thuộc thời gian của kế hoạch.", o.Month))
	}
	if o.PerMonth < 0 {
		faults.Add(fault.Broken("programme.quota.number", "per_month", "A quota is not negative.", "Định mức không được âm."))
	}
	if strings.TrimSpace(o.Decision) == "" || strings.TrimSpace(o.Reason) == "" {
		faults.Add(fault.Broken("programme.quota.decision", "decision",
			"The quota of a month is changed by a decision and with a reason.", "Thay đổi định mức của tháng phải theo quyết định và có lý do."))
	}
	return faults.Err()
}

// Renew returns the programme of the next term: the same owner, kinds of place,
// rules and relations under a new basis; decisions about single months end with
// the old one (S5). The new term begins after the old one has ended
// ("programme.renew.overlap").
func (s State) Renew(id ID, code string, basis Basis, valid calendar.Period) (State, error) {
	next := s
	next.ID, next.Version, next.Code, next.Basis, next.Valid, next.Renews, next.QuotaOverrides, next.Avoid = id, 0, code, basis, valid, s.ID, nil, nil
	if valid.Overlaps(s.Valid) || valid.From.Before(s.Valid.From) {
		return State{}, fault.Broken("programme.renew.overlap", "valid",
			"The programme runs %[1]s; the next one begins after that.", "Kế hoạch hiện hành có hiệu lực %[1]s; kế hoạch mới bắt đầu sau thời gian đó.", s.Valid)
	}
	return next, next.Validate()
}
