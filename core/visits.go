package core

import "github.com/huongvecoso/outreach/core/duty"

// Visits plans, reports and confirms visits, and keeps surveys and dissemination.
type Visits struct{ u *unit }

func visitReactions() map[string]reaction { return nil }

func visitElapses() map[duty.Kind]elapse { return nil }
