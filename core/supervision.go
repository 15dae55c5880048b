package core

import "github.com/huongvecoso/outreach/core/duty"

// Supervision collects what people say of the visiting official.
type Supervision struct{ u *unit }

func supervisionReactions() map[string]reaction { return nil }

func supervisionElapses() map[duty.Kind]elapse { return nil }
