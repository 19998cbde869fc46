package import PontoonFoundation

/// The state machine that completes one upload, without performing any I/O.
///
/// ``CompleteUpload`` performs each requested step and passes its result back as the next event:
///
///     look ──► report ──► acquire lease ──► finish ──► commit ──► clean up ──► return the file
///      ▲          │ refused    │ unavailable   │ failed   │ failed
///      │          ▼            ▼               ▼          ▼
///      └── wait ◄─ look again ◄────────────── roll back ──► throw
///
/// Several callers may complete an upload concurrently, on one server or many. The caller that acquires the lease does
/// the work; the others poll the metadata store for the result.
package struct CompletionStateMachine {
    /// A step for the caller to perform; its result is the next event.
    package enum Step: Sendable {
        /// Read the upload. If `allowsCached` is true, a cached row that shows that the upload is active is sufficient.
        case look(allowsCached: Bool)
        case wait(Duration)
        /// Retry the rollback of a completion that failed earlier in this process.
        case rollBackEarlier(leaseID: String)
        /// Record the parts that the caller reports with the call.
        case report
        /// Lease the completion.
        ///
        /// If `replacesExpired` is true, replace the expired lease of another call. The upload is then already
        /// `.completing`, so it must be rolled back if the completion is refused.
        case acquireLease(Upload, replacesExpired: Bool)
        /// Create the object, and renew the lease until it exists.
        case finish(CompletionPlan, Lease)
        /// Commit the file and mark the upload as completed, in one transaction.
        case commit(FinishedUpload, Lease)
        /// Remove data that is not needed after the commit, such as data for a rollback.
        case cleanUp(FinishedUpload)
        /// Reactivate the upload, unless its file was committed, another call holds its lease, or it no longer exists.
        case rollBack(Upload, Lease)
        /// Remove the object of an upload whose project has been deleted.
        case discardObject(Upload)
        /// Abort an upload that can no longer be completed, because its folder was deleted.
        case abort(Upload)
    }

    /// The action that follows an event.
    package enum Action: Sendable {
        case perform(Step)
        case succeed(CompletedUpload)
        case fail(any Error)
    }

    /// The result of a step.
    package enum Event: Sendable {
        /// The upload's row.
        ///
        /// `failedLease` is the id of the lease under which a completion failed in this process and was not rolled
        /// back; `nil` if there is none.
        case found(Upload, failedLease: String?, now: Date)
        /// The lease, with the plan from the transaction that granted it.
        ///
        /// The result is a failure only if an expired lease was replaced and the completion was refused.
        case acquired(Result<CompletionPlan, PontoonError>, Lease)
        /// Another caller owns the lease, or the upload is completed or does not exist.
        case unavailable
        case finished(FinishedUpload)
        case committed(CompletedFile)
        /// This call no longer owns the lease.
        case leaseLost
        case rolledBack(RollbackOutcome)
        /// A step without a result succeeded.
        case done
        /// The step threw an error.
        ///
        /// The step may have taken effect nevertheless.
        case failed(any Error)
    }

    private enum State {
        /// `refusal` is the error with which reports were refused; `nil` if they were not. It is thrown only if the
        /// upload is still active.
        case looking(refusal: PontoonError?)
        case pausing
        case reporting(Upload)
        case acquiring(Upload)
        case finishing(Upload, Lease)
        case committing(FinishedUpload, Lease)
        case cleaningUp(CompletedFile)
        case rollingBack(Upload, Failure)
        /// The completion fails with this error after one last step.
        case failing(any Error)
    }

    private enum Failure {
        case leaseLost
        case error(any Error)
    }

    private var state = State.looking(refusal: nil)
    private var waits = 0

    /// The pauses between reads of an upload that another call is completing, possibly on another server.
    private static let backoff = Backoff(first: .milliseconds(20), longest: .milliseconds(320))

    package init() {}

    /// The action with which a completion starts.
    package var start: Action { .perform(.look(allowsCached: true)) }

    /// Processes the result of the last requested step and returns the next action.
    package mutating func handle(_ event: Event) -> Action {
        switch (state, event) {
        case (.looking(let refusal), .found(let upload, let failedLease, let now)):
            return found(upload, failedLease: failedLease, now: now, refusal: refusal)
        case (.pausing, .done), (.pausing, .rolledBack):
            return lookAgain()

        case (.reporting(let upload), .done):
            state = .acquiring(upload)
            return .perform(.acquireLease(upload, replacesExpired: false))
        case (.reporting, .failed(let error as PontoonError)):
            // Completing an upload deletes its part records, so another call may have completed this one in the
            // meantime.
            return lookAgain(refusal: error)

        case (.acquiring(let upload), .acquired(.success(let plan), let lease)):
            state = .finishing(upload, lease)
            return .perform(.finish(plan, lease))
        case (.acquiring(let upload), .acquired(.failure(let refusal), let lease)):
            return rollBack(upload, lease, .error(refusal))
        case (.acquiring, .unavailable):
            return lookAgain()

        case (.finishing(_, let lease), .finished(let finished)):
            state = .committing(finished, lease)
            return .perform(.commit(finished, lease))
        case (.finishing(let upload, let lease), .leaseLost):
            return rollBack(upload, lease, .leaseLost)
        case (.finishing(let upload, let lease), .failed(let error)):
            return rollBack(upload, lease, .error(error))

        case (.committing(let finished, _), .committed(let file)):
            state = .cleaningUp(file)
            return .perform(.cleanUp(finished))
        case (.committing(let finished, let lease), .leaseLost):
            return rollBack(finished.upload, lease, .leaseLost)
        case (.committing(let finished, let lease), .failed(let error)):
            return rollBack(finished.upload, lease, .error(error))

        case (.cleaningUp(let file), .done), (.cleaningUp(let file), .failed):
            // The file is committed, so a failed cleanup is not an error. The next start removes the same data.
            return .succeed(.now(file))

        case (.rollingBack(let upload, let failure), .rolledBack(let outcome)):
            return rolledBack(outcome, upload, failure)
        case (.failing(let error), .done):
            return .fail(error)
        case (_, .failed(let error)):
            return .fail(error)
        default:
            return .fail(InvalidTransition(description: "a completion in state '\(state)' received event '\(event)'"))
        }
    }

    private mutating func found(
        _ upload: Upload,
        failedLease: String?,
        now: Date,
        refusal: PontoonError?
    ) -> Action {
        switch upload.state {
        case .completed:
            return .succeed(.earlier(fileID: upload.fileID))
        case .active:
            if let refusal { return .fail(refusal) }
            state = .reporting(upload)
            return .perform(.report)
        case .completing:
            if let failedLease {
                state = .pausing
                return .perform(.rollBackEarlier(leaseID: failedLease))
            }
            if let expiry = upload.leaseExpiresOn, expiry <= now {
                // The call that was completing the upload no longer renews its lease. Parts cannot change in this
                // state, so the completion can be repeated.
                state = .acquiring(upload)
                return .perform(.acquireLease(upload, replacesExpired: true))
            }
            state = .pausing
            waits += 1
            return .perform(.wait(Self.backoff.pause(after: waits)))
        }
    }

    private mutating func lookAgain(refusal: PontoonError? = nil) -> Action {
        state = .looking(refusal: refusal)
        return .perform(.look(allowsCached: false))
    }

    private mutating func rollBack(_ upload: Upload, _ lease: Lease, _ failure: Failure) -> Action {
        state = .rollingBack(upload, failure)
        return .perform(.rollBack(upload, lease))
    }

    private mutating func rolledBack(_ outcome: RollbackOutcome, _ upload: Upload, _ failure: Failure) -> Action {
        switch (outcome, failure) {
        case (.completed(let fileID), _):
            // The commit succeeded and only its response was lost, or another server completed the upload.
            return .succeed(.earlier(fileID: fileID))
        case (.uploadGone, _):
            state = .failing(Self.projectDeleted(failure))
            return .perform(.discardObject(upload))
        case (.rolledBack, .leaseLost):
            return lookAgain()
        case (.rolledBack, .error(let error)):
            switch (error as? PontoonError)?.code {
            case .storageFull:
                let message = "There is not enough disk space to assemble the parts; try again later."
                return .fail(PontoonError(.completeRefused, message, cause: error))
            case .destinationNotFound:
                state = .failing(error)
                return .perform(.abort(upload))
            default:
                return .fail(error)
            }
        }
    }

    private static func projectDeleted(_ failure: Failure) -> PontoonError {
        var cause: (any Error)?
        if case .error(let error) = failure, !(error is PontoonError) { cause = error }
        return PontoonError(.projectNotFound, "The project of this upload was deleted.", cause: cause)
    }
}

/// An upload whose object is complete but whose file is not committed yet.
package struct FinishedUpload: Hashable, Sendable {
    package let upload: Upload
    package let content: FileContent
    /// Whether ``StreamingObjectStore/cleanUp(_:)`` must remove data of the upload after the commit.
    package let needsCleanup: Bool
    /// Labels that the file will have.
    package let labels: FileLabels

    package init(upload: Upload, content: FileContent, needsCleanup: Bool, labels: FileLabels = FileLabels()) {
        self.upload = upload
        self.content = content
        self.labels = labels
        self.needsCleanup = needsCleanup
    }
}

/// The successful result of a completion.
package enum CompletedUpload: Sendable {
    /// This call completed the upload.
    case now(CompletedFile)
    /// An earlier or concurrent call completed the upload; the file may have been deleted since.
    case earlier(fileID: String?)
}

/// The outcome of a rollback.
package enum RollbackOutcome: Hashable, Sendable {
    /// The upload is active, or another call holds its lease.
    case rolledBack
    /// The upload is completed, so there was nothing to roll back.
    case completed(fileID: String?)
    /// The upload was deleted with its project.
    case uploadGone
}

/// The error for an event that is not possible in the current state, which indicates a bug.
private struct InvalidTransition: Error, CustomStringConvertible {
    let description: String
}
