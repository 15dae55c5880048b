package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/calendar"
	"github.com/huongvecoso/outreach/core/org"
	"github.com/huongvecoso/outreach/core/programme"
	"github.com/huongvecoso/outreach/core/supervision"
)

// TeamImpression is what may be seen of how the visits of a team were rated: sums
// over everybody in it, nobody's own.
type TeamImpression struct {
	Team     org.TeamID
	Period   calendar.Period
	Rounds   int
	Figures  map[supervision.Source]supervision.Figure
	Withheld bool // too few ratings, or of one official only, who could be told from the sum
}

// TeamImpression sums the rounds of a team's officials up that opened in the
// period, source by source (model 5). The leader of the team, the office, the
// programme's leader and the auditor may see it. It is withheld below
// policy.Ratings.MinToShow ratings, and where they all are of one official.
func (s *Supervision) TeamImpression(ctx context.Context, team org.TeamID, during calendar.Period) (TeamImpression, error) {
	u := s.u
	if u.by.System {
		return TeamImpression{}, unseenBySystem()
	}
	if err := u.allow(ctx, SeeTeamRatings, scope{team: team}); err != nil {
		return TeamImpression{}, err
	}
	book, err := u.rules(ctx)
	if err != nil {
		return TeamImpression{}, err
	}
	assignments, err := u.tx.Assignments(ctx, programme.AssignmentQuery{Team: team, During: during, Statuses: inForce()})
	if err != nil {
		return TeamImpression{}, err
	}
	im := TeamImpression{Team: team, Period: during}
	var all []supervision.Rating
	rated := 0
	for _, official := range distinctOfficials(assignments) {
		rounds, ratings, err := s.closedRounds(ctx, official, during)
		if err != nil {
			return TeamImpression{}, err
		}
		im.Rounds += rounds
		all = append(all, ratings...)
		if len(ratings) > 0 {
			rated++
		}
	}
	if im.Withheld = len(all) < book.Ratings.MinToShow || rated < 2; !im.Withheld {
		im.Figures = supervision.Tally(all)
	}
	return im, nil
}

// closedRounds counts the rounds of an official that opened in the period and
// have closed, with all that was said in them.
func (s *Supervision) closedRounds(ctx context.Context, official org.PersonID, during calendar.Period) (count int, all []supervision.Rating, err error) {
	rounds, err := s.u.tx.RatingRounds(ctx, official, during)
	if err != nil {
		return 0, nil, err
	}
	for _, r := range rounds {
		if r.Status == supervision.Collecting {
			continue
		}
		ratings, err := s.u.tx.Ratings(ctx, r.ID)
		if err != nil {
			return 0, nil, err
		}
		count++
		all = append(all, ratings...)
	}
	return count, all, nil
}
