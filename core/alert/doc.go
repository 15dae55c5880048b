// Package alert decides who must be told what and when: it makes notices from
// the states of the other modules, and finds out who a party is on a day. It is
// pure but for the questions it asks a directory; it sends nothing.
//
// There is a file for each module whose matters are told. This one is about the
// ladder, which is the same for everything that is owed: [ForStep] turns a step
// of a duty's clock into notices, [Resolve] says who receives them.
//
// The recipients of the ladder by kind of duty and level. The superior of an
// official is the leader of the team, of a leader the programme office; of a
// clerk the head of the unit; of the office the programme's leader; of the
// programme's leader the chair; of an inspector the deputy. "unit head" is that
// of the unit that owes, or of the official's own unit:
//
//	month_plan    before      holder            email
//	month_plan    on_the_day  holder            email
//	month_plan    e1          holder, superior  email
//	visit         before      holder            email, sms
//	visit         on_the_day  holder            email, sms
//	report        before      holder            email
//	report        on_the_day  holder            sms
//	report        e1          holder, superior  email, sms
//	report        e2          unit head, office email, sms
//	report        e3          leader            email, sms
//	dispute       before      holder            email
//	dispute       on_the_day  holder            email
//	dispute       e1          holder, superior  email
//	survey        before      holder            email
//	survey        on_the_day  holder            email
//	survey        e1          holder, superior  email, sms
//	survey        e2          unit head, office email, sms
//	handover      before      holder            email
//	handover      on_the_day  holder            email
//	handover      e1          holder, superior  email, sms
//	handover      e2          unit head, office email, sms
//	triage        before      holder            email
//	triage        on_the_day  holder            email
//	triage        e1          holder, superior  email, sms
//	promise       before      holder            email
//	promise       on_the_day  holder            email
//	promise       e1          holder, superior  email, sms
//	promise       e2          unit head, office email, sms
//	promise       e3          leader            email, sms
//	promise       e4          chair             email
//	unit          before      holder            email
//	unit          on_the_day  holder            email
//	unit          e1          holder, superior  email, sms
//	unit          e2          unit head, office email, sms
//	unit          e3          leader            email, sms
//	unit          e4          chair             email
//	arbitration   before      holder            email
//	arbitration   on_the_day  holder            email
//	arbitration   e1          holder, superior  email, sms
//	roadmap       before      holder            email
//	roadmap       on_the_day  holder            email
//	roadmap       e1          holder, superior  email, sms
//	roadmap       e2          unit head, office email, sms
//	roadmap       e3          leader            email, sms
//	roadmap       e4          chair             email
//	feedback      before      holder            email
//	feedback      on_the_day  holder            email
//	feedback      e1          holder, superior  email, sms
//	appeal        before      holder            email
//	appeal        on_the_day  holder            email
//	appeal        e1          holder, superior  email, sms
//	sealed_ack    before      holder            email, sms
//	sealed_ack    on_the_day  holder            email, sms
//	sealed_ack    e1          holder, superior  email, sms
//	round_report  before      holder            email
//	round_report  on_the_day  holder            email
//	round_report  e1          holder, superior  email, sms
//	round_report  e2          unit head, office email, sms
//	month_report  before      holder            email
//	month_report  on_the_day  holder            email
//	month_report  e1          holder, superior  email, sms
//	month_report  e2          leader, chair     email
//	explain       before      holder            email
//	explain       on_the_day  holder            email
//	explain       e1          holder, superior  email, sms
//	action        before      holder            email
//	action        on_the_day  holder            email
//	action        e1          holder, superior  email, sms
package alert
