import Foundation
import PontoonCore
import Testing

@Suite("State machine of a completion")
struct CompletionStateMachineTests {
    private typealias Event = CompletionStateMachine.Event

    private struct StoreFailure: Error {}

    private static let now = Date(timeIntervalSince1970: 1_800_000_000)
    private static let lease = Lease(id: "lease", expiresOn: .distantFuture)

    /// A sequence of events, with the step that the machine must return for each.
    struct Conversation: CustomTestStringConvertible {
        let rule: String
        let turns: [(event: CompletionStateMachine.Event, response: String)]

        init(_ rule: String, _ turns: [(CompletionStateMachine.Event, String)]) {
            self.rule = rule
            self.turns = turns
        }

        var testDescription: String { rule }
    }

    @Test("every event leads to the next step", arguments: conversations)
    func conversation(_ conversation: Conversation) throws {
        var machine = CompletionStateMachine()
        #expect(Self.text(machine.start) == "look in cache")
        for (index, turn) in conversation.turns.enumerated() {
            #expect(Self.text(machine.handle(turn.event)) == turn.response, "\(conversation.rule): turn \(index + 1)")
        }
    }

    private static var conversations: [Conversation] {
        [
            Conversation("finish, commit, clean up", finished + [(.committed(file), "clean up"), (.done, "file f")]),
            Conversation(
                "a cleanup that fails is no failure",
                finished + [(.committed(file), "clean up"), (.failed(StoreFailure()), "file f")]
            ),

            Conversation("a completed upload returns its file", [(found(.completed, fileID: "g"), "file g")]),
            Conversation(
                "an upload that is not found fails the call",
                [(.failed(PontoonError.uploadNotFound), "fail uploadNotFound")]
            ),

            Conversation(
                "other callers wait while a lease is valid, longer each time up to a limit",
                [
                    (found(.completing), "wait 0.02 s"), (.done, "look"), (found(.completing), "wait 0.04 s"),
                    (.done, "look"),
                ]
                    + [
                        (found(.completing), "wait 0.08 s"), (.done, "look"), (found(.completing), "wait 0.16 s"),
                        (.done, "look"), (found(.completing), "wait 0.32 s"), (.done, "look"),
                        (found(.completing), "wait 0.32 s"), (.done, "look"),
                        (found(.completed, fileID: "g"), "file g"),
                    ]
            ),
            Conversation(
                "a cancelled caller stops waiting",
                [(found(.completing), "wait 0.02 s"), (.failed(CancellationError()), "fail CancellationError")]
            ),
            Conversation(
                "an expired lease is taken over without a new report",
                [(found(.completing, leaseExpiresOn: now), "take lease over"), (acquired, "finish")]
            ),
            Conversation(
                "a lease that expires a millisecond later is not taken over",
                [(found(.completing, leaseExpiresOn: now.addingTimeInterval(0.001)), "wait 0.02 s")]
            ),
            Conversation(
                "a taken-over completion is rolled back if its plan is refused",
                [
                    (found(.completing, leaseExpiresOn: now), "take lease over"),
                    (.acquired(.failure(PontoonError(.completeRefused, "")), lease), "roll back"),
                    (.rolledBack(.rolledBack), "fail completeRefused"),
                ]
            ),
            Conversation(
                "a completion that failed on this server is rolled back before a new attempt, even under a valid lease",
                [
                    (found(.completing, failedLease: "old"), "roll back lease old"), (.rolledBack(.rolledBack), "look"),
                    (found(.active), "report"),
                ]
            ),
            Conversation(
                "the call fails if the rollback of an earlier completion fails again",
                [
                    (found(.completing, failedLease: "old"), "roll back lease old"),
                    (.failed(StoreFailure()), "fail StoreFailure"),
                ]
            ),

            Conversation(
                "refused reports fail the call if the upload is still active",
                [
                    (found(.active), "report"), (.failed(PontoonError(.reportInvalid, "")), "look"),
                    (found(.active), "fail reportInvalid"),
                ]
            ),
            Conversation(
                "refused reports do not fail the call while another call completes the upload",
                [
                    (found(.active), "report"), (.failed(PontoonError(.reportInvalid, "")), "look"),
                    (found(.completing), "wait 0.02 s"), (.done, "look"), (found(.active), "report"),
                ]
            ),
            Conversation(
                "a store that fails during the report ends the call",
                [(found(.active), "report"), (.failed(StoreFailure()), "fail StoreFailure")]
            ),

            Conversation("of several callers, those without the lease look again", active + [(.unavailable, "look")]),
            Conversation(
                "a refused plan ends the call",
                active + [(.failed(PontoonError(.completeRefused, "")), "fail completeRefused")]
            ),

            Conversation(
                "a failed finish is rolled back",
                active + [
                    (acquired, "finish"), (.failed(StoreFailure()), "roll back"),
                    (.rolledBack(.rolledBack), "fail StoreFailure"),
                ]
            ),
            Conversation(
                "a failed commit is rolled back",
                finished + [
                    (.failed(PontoonError(.nameTaken, "")), "roll back"), (.rolledBack(.rolledBack), "fail nameTaken"),
                ]
            ),
            Conversation(
                "a commit whose response was lost is detected, and the file is returned",
                finished + [
                    (.failed(StoreFailure()), "roll back"), (.rolledBack(.completed(fileID: "f")), "file f"),
                ]
            ),
            Conversation(
                "a rollback that fails ends the call",
                finished + [
                    (.failed(StoreFailure()), "roll back"), (.failed(CancellationError()), "fail CancellationError"),
                ]
            ),
            Conversation(
                "after the loss of the lease while finishing, the upload is looked up again",
                active + [(acquired, "finish"), (.leaseLost, "roll back"), (.rolledBack(.rolledBack), "look")]
            ),
            Conversation(
                "after the loss of the lease before the commit, the upload is looked up again",
                finished + [
                    (.leaseLost, "roll back"), (.rolledBack(.rolledBack), "look"), (found(.completing), "wait 0.02 s"),
                ]
            ),
            Conversation(
                "a full disk is a refusal that can be retried",
                active + [
                    (acquired, "finish"), (.failed(PontoonError(.storageFull, "")), "roll back"),
                    (.rolledBack(.rolledBack), "fail completeRefused"),
                ]
            ),
            Conversation(
                "an upload whose folder was deleted is aborted",
                finished + [
                    (.failed(PontoonError(.destinationNotFound, "")), "roll back"), (.rolledBack(.rolledBack), "abort"),
                    (.done, "fail destinationNotFound"),
                ]
            ),
            Conversation(
                "an object whose project was deleted is discarded",
                finished + [
                    (.leaseLost, "roll back"), (.rolledBack(.uploadGone), "discard object"),
                    (.done, "fail projectNotFound"),
                ]
            ),
            Conversation(
                "an error while discarding the object of a deleted project fails the call",
                finished + [
                    (.leaseLost, "roll back"), (.rolledBack(.uploadGone), "discard object"),
                    (.failed(StoreFailure()), "fail StoreFailure"),
                ]
            ),
            Conversation("an event out of order is an internal error", [(.leaseLost, "fail InvalidTransition")]),
        ]
    }

    private static var active: [(Event, String)] { [(found(.active), "report"), (.done, "acquire lease")] }

    private static var finished: [(Event, String)] {
        active + [(acquired, "finish"), (.finished(finishedUpload), "commit")]
    }

    private static func found(
        _ state: Upload.State,
        fileID: String? = nil,
        failedLease: String? = nil,
        leaseExpiresOn: Date? = .distantFuture
    ) -> Event {
        let upload = Upload.fixture(state: state, fileID: fileID, leaseExpiresOn: leaseExpiresOn)
        return .found(upload, failedLease: failedLease, now: now)
    }

    private static var acquired: Event {
        let snapshot = CompletionSnapshot(upload: .fixture(), initiatorMayWrite: true, parts: [], existingEntry: nil)
        return .acquired(
            Result { () throws(PontoonError) in try CompletionPlan(snapshot, caller: "u", knowsLengths: true) },
            lease
        )
    }

    private static var finishedUpload: FinishedUpload {
        let upload = Upload.fixture()
        let content = FileContent(key: upload.key, size: 0, crc64: nil, md5: nil)
        return FinishedUpload(upload: upload, content: content, needsCleanup: false)
    }

    private static var file: CompletedFile {
        .file(
            File(
                id: "f",
                name: "n",
                kind: .file,
                project: ProjectID(owner: "u", shortName: "p"),
                parent: "d",
                content: nil,
                createdOn: now
            ),
            rule: .fail
        )
    }

    private static func text(_ action: CompletionStateMachine.Action) -> String {
        switch action {
        case .perform(let step): text(step)
        case .succeed(.now(.file(let file, _))): "file \(file.id)"
        case .succeed(.now(.package(let file))): "package file \(file.id)"
        case .succeed(.earlier(let fileID)): "file \(fileID ?? "none")"
        case .fail(let error as PontoonError): "fail \(error.code)"
        case .fail(let error): "fail \(type(of: error))"
        }
    }

    private static func text(_ step: CompletionStateMachine.Step) -> String {
        switch step {
        case .look(let allowsCached): allowsCached ? "look in cache" : "look"
        case .wait(let pause): "wait \(pause.inSeconds) s"
        case .rollBackEarlier(let leaseID): "roll back lease \(leaseID)"
        case .report: "report"
        case .acquireLease(_, let replacesExpired): replacesExpired ? "take lease over" : "acquire lease"
        case .finish: "finish"
        case .commit: "commit"
        case .cleanUp: "clean up"
        case .rollBack: "roll back"
        case .discardObject: "discard object"
        case .abort: "abort"
        }
    }
}
