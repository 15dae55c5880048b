// Package customdirectory lets the programme ask the district's staff system who
// somebody is and who is away. Places, units and roles stay the programme's own.
package customdirectory

import (
	"context"
	"database/sql"
	"errors"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/fault"
	"github.com/huongvecoso/outreach/core/org"
)

// Staff is an org.Directory over the tables can_bo and nghi_phep. It is safe for
// concurrent use where the Directory inside is.
type Staff struct {
	org.Directory // answers the rest
	DB            *sql.DB
}

// classes are the staff system's words for ours.
var classes = map[string]org.Class{"CB": org.Cadre, "CC": org.CivilServant, "VC": org.PublicEmployee}

// Person is one member of the staff.
func (s Staff) Person(ctx context.Context, id org.PersonID) (org.Person, error) {
	p := org.Person{ID: id}
	var class, from, to string
	err := s.DB.QueryRowContext(ctx, `SELECT ho_ten, ten_goi, xung_ho, ngach, dien_thoai, di_dong, email, ngon_ngu, tu_ngay, den_ngay FROM can_bo WHERE ma = $1`,
		string(id)).Scan(&p.FullName, &p.GivenName, &p.Honorific, &class, &p.Phone, &p.PhoneSMS, &p.Email, &p.Language, &from, &to)
	if errors.Is(err, sql.ErrNoRows) {
		return p, fault.NotFound("person", string(id)) // the one error that says so
	}
	p.Class = classes[class]
	return p, errors.Join(err, period(&p.Valid, from, to))
}

// Leaves are the days on which somebody is away.
func (s Staff) Leaves(ctx context.Context, q org.LeaveQuery) ([]org.Leave, error) {
	rows, err := s.DB.QueryContext(ctx, `SELECT so, ma, nguoi_thay, ly_do, tu_ngay, den_ngay FROM nghi_phep
		WHERE huy = 0 AND ($1 = '' OR ma = $1) AND ($2 = '' OR $2 BETWEEN tu_ngay AND den_ngay) ORDER BY so`, string(q.Person), q.On.String())
	if err != nil {
		return nil, err
	}
	defer rows.Close()
	var all []org.Leave
	for rows.Next() {
		var l org.Leave
		var from, to string
		err := errors.Join(rows.Scan(&l.ID, &l.Person, &l.Substitute, &l.Reason, &from, &to), period(&l.Days, from, to))
		if all = append(all, l); err != nil {
			return nil, err
		}
	}
	return all, rows.Err()
}

// period reads two dates; an empty second one means until further notice.
func period(p *calendar.Period, from, to string) error {
	return errors.Join(p.From.UnmarshalText([]byte(from)), p.To.UnmarshalText([]byte(to)))
}
