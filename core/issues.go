package core

import (
	"context"

	"github.com/huongvecoso/outreach/core/duty"
	"github.com/huongvecoso/outreach/core/visit"
)

// Issues follows what is owed to the people until the answer was told.
type Issues struct{ u *unit }

func issueReactions() map[string]reaction { return nil }

func issueElapses() map[duty.Kind]elapse { return nil }

// tick books what a visit's report says about an answer owed in the hamlet.
func (s *Issues) tick(context.Context, visit.State, visit.FeedbackTick) error { return nil }
