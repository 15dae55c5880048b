// Package workers holds no code: the packages below it deliver what the core wants
// told, over asynq and Redis. Here stands what asynq (v0.26) does that is not what
// one would expect of it, what keeps us from falling into it, and the tests that
// fail when it no longer does.
//
// Two decisions answer most of it. The database is the truth, and what is in Redis
// is a wake-up that may be lost, late or repeated: a notice that nobody took is
// handed out again after two minutes, under a new generation and so under a new
// task id. And a task begins with a claim in the database, at which everything
// ends that was sent, taken back, cancelled or repeated.
//
// The numbers are those of this table alone: A1 to A15 elsewhere are rules of
// practice. A test is named after its package below workers or at the root of the module;
// faulttest F3 is that row of the fault harness. The test of this package holds the
// table to account: all 29 are there, every test in it exists, and no code uses what
// the table says is not used.
//
//	A1   A Redis that is emptied, restarted, evicts or fails over loses tasks, and tells nobody.
//	     avoided: the outbox is swept for what nobody took; an evicting policy is warned of at every start
//	     tests: workersfx.TestWhatRedisLosesGoesOutAllTheSameAndNothingTwice workersfx.TestAStartOnARedisThatEvictsIsWarnedOf faulttest.F3 faulttest.F4 faulttest.F5 faulttest.F8
//
//	A2   After that a living client stays invisible: a queue is entered into the list of queues once per process.
//	     avoided: the workers enter their queues again and again; health and the figures of the outbox come from the database
//	     tests: workersfx.TestTheQueuesAreVisibleAgainAfterRedisWasEmptied faulttest.F3
//
//	A3   An acknowledgement that fails once is never repeated in truth, since its context has ended by then: the task runs again.
//	     avoided: the second run ends at the claim, and nil is returned
//	     tests: workersfx.TestATaskThatIsReplayedSendsNothing deliver.TestATaskThatComesTwiceSendsOnce core.TestATicketIsGoodOnce faulttest.F7
//
//	A4   After a crash the task comes again in one to three minutes, whether its message was taken or not.
//	     avoided: the attempt is written before the call, so that its outcome is known to be unknown; the sweep, not asynq, decides what follows
//	     tests: core.TestACrashLeavesAnUnknownOutcomeAndPolicyDecides core/notify.TestAnUnknownOutcomeIsRepeatedOnlyWhereThatIsSafeOrWanted faulttest.F1 faulttest.TestAWorkerWithoutAGuardIsCaught
//
//	A5   A crash counts as a retry: with MaxRetry(0) one crash archives a task that never ran to its end.
//	     avoided: tasks may be retried; how often a message is tried is counted in its row
//	     tests: task.TestATaskHasTheSettingsThatHold core/notify.TestAttemptsEnd core/notify.TestANoticeThatKillsItsWorkersIsTakenOut
//
//	A6   A handler that is out of time, or of its lease, is abandoned and not stopped: it runs on beside the next one.
//	     avoided: a sender has its own, shorter time limit, no window of calls begins without the time for it, and the claim lets one of the two through
//	     tests: deliver.TestASenderIsHeldToItsTimeout deliver.TestNoCallBeginsThatTheTasksTimeWouldCutShort deliver.TestATaskHasTimeForEveryWindowOfItsSlowestSender core.TestManyAtOnceSendEverythingOnce faulttest.F6
//
//	A7   By itself a task takes up to 30 minutes and is retried 25 times over some 20 days.
//	     avoided: time limit, number and pause of retries are set; a reminder expires by its row
//	     tests: task.TestATaskHasTheSettingsThatHold workersfx.TestTheSettingsOfAsynqAreThoseThatHold workersfx.TestWhatAsynqForgetsGoesOutAllTheSameAndNothingTwice core/notify.TestNoTryComesAfterTheMomentPassed
//
//	A8   Deadline does not drop what is late: it fails it, again and again.
//	     avoided: not used; whether it is too late is asked at the claim
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed task.TestATaskHasTheSettingsThatHold core.TestWhatHasExpiredIsNotSentAndSaysSo
//
//	A9   A task id is taken as long as the task is anywhere: also archived, also done and kept.
//	     avoided: the id holds the generation, which is raised each time the notice is handed out
//	     tests: workersfx.TestWhatAsynqForgetsGoesOutAllTheSameAndNothingTwice task.TestTheIDOfATaskSaysItsNoticesAndTheirGeneration
//
//	A10  Unique takes its lock before the id is looked at: a conflict leaves the lock of a task that never was.
//	     avoided: not used; that a notice exists once is a unique key of the database
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed task.TestATaskHasTheSettingsThatHold
//
//	A11  That lock ends with its time while the task still waits, and with the task: two schedulers both get through. ResultWriter leaves orphans.
//	     avoided: neither is used; a natural key per notice
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed core.TestManySweepsAtOnceSayEverythingOnce faulttest.F2
//
//	A12  The archive forgets after 90 days or 10,000 tasks, and its script breaks where thousands go at once.
//	     avoided: every outcome of a provider is settled in the database, and the handler returns nil; dead notices are rows
//	     tests: deliver.TestNoOutcomeOfAProviderIsAnErrorToAsynq deliver.TestOnlyADatabaseOutOfReachIsAnErrorWorthARetry core.TestAnOperatorSendsAgainWhatEndedBadly
//
//	A13  A task that is run again from the archive runs once more only; cancelling an active one puts it among the retries.
//	     avoided: neither is used; sending again and cancelling are changes of the row
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed core.TestAnOperatorSendsAgainWhatEndedBadly core.TestACancelIsObeyedUntilTheCallBegins faulttest.F20 faulttest.F27
//
//	A14  A task that is active without a lease, or leased without its message, is found by nobody.
//	     avoided: the sweep looks at rows, not at Redis
//	     tests: workersfx.TestWhatAsynqForgetsGoesOutAllTheSameAndNothingTwice
//
//	A15  One message that cannot be decoded keeps every expired task of its server from being recovered.
//	     avoided: the sweep does that work; nothing of ours writes to asynq's keys but the list of queues
//	     tests: workersfx.TestWhatAsynqForgetsGoesOutAllTheSameAndNothingTwice workers.TestNothingUsesWhatTheTableSaysIsNotUsed faulttest.F18
//
//	A16  Nothing keeps an order, or one task at a time for one recipient.
//	     avoided: messages to one recipient wait for each other at the claim
//	     tests: core.TestMessagesToOneRecipientGoOneAfterTheOther core.TestAnOrdinaryMessageDoesNotWaitForACriticalOne
//
//	A17  Weights are shares of looks, not of time; with strict priorities the lower queues may starve.
//	     avoided: weights, and servers for each channel, so that a slow one takes no places of another; critical notices have one of their own
//	     tests: workersfx.TestASlowChannelTakesNoPlaceOfAnother workersfx.TestWhatIsCriticalDoesNotWaitForAPlaceAmongOrdinaryTasks task.TestEachLaneHasItsOwnQueue workersfx.TestTheSettingsOfAsynqAreThoseThatHold
//
//	A18  It polls: every second for tasks, every five for retries, and without a pause when Redis is gone.
//	     avoided: a look is held until a relay tells that there is a task, Config.Check at most, also when Redis is gone; a Redis that is lost is told in the log, and by /readyz
//	     tests: workersfx.TestAnIdleWorkerIsToldOfATask workersfx.TestAWorkerIsToldOfATaskByAnotherProcess workersfx.TestTheSettingsOfAsynqAreThoseThatHold workersfx.TestALossOfRedisIsToldOnceAndSoIsItsEnd faulttest.F4
//
//	A19  An error that IsFailure denies is retried without end.
//	     avoided: not used; a provider's rate is kept by the relay, before a task exists
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed workersfx.TestTheSettingsOfAsynqAreThoseThatHold relay.TestTokensAreTakenBeforeATaskExists rate.TestSeveralRelaysShareOneBucket
//
//	A20  asynq/x, with its semaphore and its metrics, is of 2021 and fits no version of today.
//	     avoided: not used; package rate, and the worker's own metrics
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed rate.TestABucketGivesItsBurstAndThenItsRate outreach-worker.TestEveryStateOfANoticeIsCounted
//
//	A21  Groups lose tasks when a process dies, and double them.
//	     avoided: not used; a digest is a row that carries others
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed core.TestWhatIsDueToOnePersonTravelsTogether
//
//	A22  The scheduler has no leader, makes up for nothing it missed, and lives in UTC.
//	     avoided: not used; sweeps that may run late, twice and anywhere compute what is due from the database, in the programme's zone
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed core.TestManySweepsAtOnceSayEverythingOnce core.TestEX29_AfterAnOutageLadderIsSaidAndRemindersExpire core.TestARoutineRunsOnceOnEachDateWhereverItRunsFirst
//
//	A23  Leases follow the clocks of the clients: a host that is a minute slow, or one that is fast, makes running tasks run twice.
//	     avoided: the claim lets one through; the rules go by the database's clock; a start refuses a clock that is far off
//	     tests: redischeck.TestAClockThatIsFarOffIsToldOf outreach-worker.TestAMachineWhoseClockIsWrongIsToldOfAndBeyondAMeasureRefused faulttest.F6 faulttest.F16
//
//	A24  What is to be sent later lies in the memory of Redis, some 800 bytes each, and is lost with it.
//	     avoided: a task holds ids and generations and is made when its notice is due, no more than a window of them at once; nothing is kept when it is done
//	     tests: task.TestATaskOfAWholeGroupIsSmall task.TestATaskCarriesIDsAndNothingElse core.TestNoMoreIsQueuedThanTheWindowAndOwnersTakeTurns workers.TestNothingUsesWhatTheTableSaysIsNotUsed
//
//	A25  Its scripts need Redis 6.2 and fail in the middle on an older one.
//	     avoided: no start on an older one
//	     tests: workersfx.TestAStartOnARedisThatIsTooOldIsRefused redischeck.TestOnlyOldVersionsAreRefused
//
//	A26  In a Cluster one queue lives on one node; ParseRedisURI forgets the database of a Sentinel; a failover may lose what was acknowledged.
//	     avoided: the URL is read by go-redis; a queue that is out of reach holds back its own notices only; the sweep covers the loss
//	     tests: workersfx.TestOnAClusterEachQueueLivesOnOneNodeAndANodeThatFailsDelaysOnlyItsOwn workersfx.TestAMasterThatIsReplacedLosesAndDoublesNothing outreach-worker.TestItDeliversOverEveryTopologyOfRedis workers.TestNothingUsesWhatTheTableSaysIsNotUsed
//
//	A27  A stop waits 8 s and then puts the task back at the head of its queue, though its handler still runs.
//	     avoided: a stop waits for the longest call and its outcome; no sender may take longer; claiming ends first
//	     tests: workersfx.TestTheSettingsOfAsynqAreThoseThatHold workersfx.TestMistakesSurfaceBeforeAnythingStarts workersfx.TestAStopFinishesTheCallsUnderWayAndNothingElse deliver.TestAWorkerThatIsToldToStopFinishesItsCallsAndGivesTheRestBack faulttest.F21
//
//	A28  BatchEnqueue, where there is one, skips an id that is taken and reports success.
//	     avoided: not used
//	     tests: workers.TestNothingUsesWhatTheTableSaysIsNotUsed
//
//	A29  Nobody can tell whether a task was queued when the reply is lost.
//	     avoided: the same tickets make the same id, and a conflict is as good as success
//	     tests: relay.TestTheSameTaskAlreadyThereIsAsGood task.TestTheIDOfATaskSaysItsNoticesAndTheirGeneration faulttest.F2
package workers
