package org

import (
	"slices"
	"strings"

	"github.com/huongvecoso/outreach/core/fault"
)

// Tidy writes the names and addresses of a person the one way they are stored:
// letters composed, spaces single, the mail address in small letters.
func (p Person) Tidy() Person {
	p.FullName, p.GivenName, p.Honorific = Tidy(p.FullName), Tidy(p.GivenName), Tidy(p.Honorific)
	p.Phone, p.Email = strings.TrimSpace(p.Phone), strings.ToLower(strings.TrimSpace(p.Email))
	return p
}

// Given is the name a person is addressed and listed by: the last word of the
// full name, unless GivenName says otherwise. Names of one word, as some
// peoples of the district bear them, are legal.
func (p Person) Given() string {
	if p.GivenName != "" {
		return p.GivenName
	}
	words := strings.Fields(p.FullName)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// ComparePersons orders a list of people as Vietnamese lists do: by given name,
// then by family and middle names, then by id (A13).
func ComparePersons(a, b Person) int {
	if c := Compare(a.Given(), b.Given()); c != 0 {
		return c
	}
	if c := Compare(a.FullName, b.FullName); c != 0 {
		return c
	}
	return strings.Compare(string(a.ID), string(b.ID))
}

// Preference is how somebody wants to be told things, which counts where it can
// be followed (S14): many a hamlet's key person reads no messages.
type Preference string

// The preferences. The empty one leaves it to the notice.
const (
	PrefersVoice Preference = "voice" // gặp hoặc gọi điện: no messages, somebody goes or calls
	PrefersSMS   Preference = "sms"   // no mail, where there is a telephone for messages
	PrefersEmail Preference = "email" // no messages on the telephone, where there is a mailbox
)

// Takes reports whether the person may be sent messages on the telephone (sms)
// or, otherwise, mail.
func (p Person) Takes(sms bool) bool {
	switch p.Prefers {
	case PrefersVoice:
		return false
	case PrefersSMS:
		return sms || !p.PhoneSMS
	case PrefersEmail:
		return !sms || p.Email == ""
	}
	return true
}

// Validate returns every fault of the person at once. It expects what [Person.Tidy]
// returns and names the person by id only.
func (p Person) Validate() error {
	var faults fault.List
	if p.ID == "" {
		faults.Add(fault.Broken("org.person.id", "id", "A person needs an id.", "Cá nhân phải có mã định danh."))
	}
	if p.FullName == "" {
		faults.Add(fault.Broken("org.person.name", "full_name", "Person %s needs a name.", "Cá nhân %s phải có họ tên.", p.ID))
	}
	if p.Phone != "" && !e164(p.Phone) {
		faults.Add(fault.Broken("org.person.phone", "phone",
			"The phone number of %s is not in international form; write +84 and the number without its leading 0.",
			"Số điện thoại của %s chưa đúng dạng quốc tế; ghi +84 rồi đến số, bỏ số 0 ở đầu.", p.ID))
	}
	for _, number := range p.Family {
		if !e164(number) {
			faults.Add(fault.Broken("org.person.family", "family",
				"A number of the household of %s is not in international form; write +84 and the number without its leading 0.",
				"Số điện thoại người nhà của %s chưa đúng dạng quốc tế; ghi +84 rồi đến số, bỏ số 0 ở đầu.", p.ID))
		}
	}
	if p.Phone == "" && p.PhoneSMS {
		faults.Add(fault.Broken("org.person.phone_sms", "phone_sms",
			"%s cannot get text messages without a phone number.", "%s không có số điện thoại thì không thể nhận tin nhắn.", p.ID))
	}
	if p.Email != "" && !mailbox(p.Email) {
		faults.Add(fault.Broken("org.person.email", "email",
			"The mail address of %s is not of the form name@domain.", "Địa chỉ thư điện tử của %s chưa đúng dạng tên@tên-miền.", p.ID))
	}
	if !slices.Contains([]Preference{"", PrefersVoice, PrefersSMS, PrefersEmail}, p.Prefers) {
		faults.Add(fault.Broken("org.person.prefers", "prefers",
			"%s prefers voice, sms, email or nothing in particular.", "Cách liên hệ của %s là voice (gặp, gọi điện), sms, email hoặc để trống.", p.ID))
	}
	if p.Class != "" && !slices.Contains([]Class{Cadre, CivilServant, PublicEmployee}, p.Class) {
		faults.Add(fault.Broken("org.person.class", "class",
			"The class of %s is cadre, civil_servant, public_employee or empty.",
			"Đối tượng của %s là cadre (cán bộ), civil_servant (công chức), public_employee (viên chức) hoặc để trống.", p.ID))
	}
	if !p.Valid.Valid() {
		faults.Add(period("person", string(p.ID)))
	}
	return faults.Err()
}

// IsPhone reports whether s is a number as persons keep it: see e164.
func IsPhone(s string) bool { return e164(s) }

// e164 reports whether s is a number in the form of ITU-T E.164: a plus sign
// and 8 to 15 digits, the first not 0.
func e164(s string) bool {
	digits, plus := strings.CutPrefix(s, "+")
	if !plus || len(digits) < 8 || len(digits) > 15 || digits[0] == '0' {
		return false
	}
	return strings.Trim(digits, "0123456789") == ""
}

// mailbox reports whether s has the shape of an address: one @, something
// before it, a domain with a dot after it, no spaces or control characters.
func mailbox(s string) bool {
	name, domain, at := strings.Cut(s, "@")
	if !at || name == "" || len(s) > 254 || strings.Contains(domain, "@") {
		return false
	}
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r == 0x7f || strings.ContainsRune(`<>(),;:\"[]`, r) }) {
		return false
	}
	labels := strings.Split(domain, ".")
	return len(labels) > 1 && !slices.Contains(labels, "")
}

// period is the violation of a validity that ends before it begins or has no beginning.
func period(kind, id string) error {
	return fault.Broken("org."+kind+".period", "valid",
		"The validity of %[1]s %[2]s needs a first day and no last day before it.",
		"Thời gian hiệu lực của %[1]s %[2]s phải có ngày bắt đầu và không kết thúc trước ngày đó.", kind, id)
}
