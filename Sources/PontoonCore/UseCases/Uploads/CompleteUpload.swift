package import PontoonFoundation

/// The use case that completes uploads: it assembles their parts into files.
///
/// ``CompletionStateMachine`` chooses each step, and this type performs it. The finish and commit steps run under a
/// lease. If one of them fails, the completion is rolled back.
///
/// Completing an upload again returns the same file, as long as the file and the upload's record exist. If several
/// callers complete an upload concurrently, one of them assembles the file and all of them receive it.
package struct CompleteUpload: Sendable {
    private let metadata: any MetadataStore
    private let storage: ObjectStorage
    private let reports: PartReports
    private let finisher: UploadFinisher
    private let garbage: GarbageCollector
    private let leases: LeaseRenewer
    private let pendingRollbacks = PendingRollbacks()
    private let now: @Sendable () -> Date

    init(
        metadata: any MetadataStore,
        storage: ObjectStorage,
        leaseDuration: Duration?,
        validator: (any FileValidator)? = nil,
        now: @escaping @Sendable () -> Date
    ) {
        self.metadata = metadata
        self.storage = storage
        self.reports = PartReports(metadata: metadata, storage: storage, now: now)
        self.garbage = GarbageCollector(metadata: metadata, objects: storage.store)
        self.finisher = UploadFinisher(
            metadata: metadata,
            storage: storage,
            garbage: garbage,
            validator: validator
        )
        self.leases = LeaseRenewer(duration: leaseDuration, now: now)
        self.now = now
    }

    /// Completes an upload.
    ///
    /// After a refusal, an unfinished upload is active again and can be completed later, unless an error below says
    /// otherwise. If parts must be sent again, the error message asks for it. If a store is unavailable, the upload may
    /// stay `.completing` until a later call or maintenance rolls it back.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - reports: Parts to report with this call; may include parts that were reported before.
    ///   - caller: The initiator or an admin of the project.
    ///   - access: The lookup of uploads in the namespace of the request.
    /// - Returns: The file.
    /// - Throws: `.uploadNotFound` if the upload does not exist or is not visible to the caller, or if the file of a
    ///   completed upload was deleted; `.uploadForbidden`; `.projectNotFound` if the project was deleted in the
    ///   meantime; `.reportInvalid`; `.completeRefused` if parts are missing, do not match the declared size or MD5, or
    ///   do not fit on the disk, if the validator refuses the file, or if the limits of the upload's link were lowered
    ///   in the meantime; `.unavailable` if the file could not be validated; `.quotaExceeded` if the file is larger
    ///   than the upload's reservation and exceeds a quota; `.nameTaken` or `.folderExists` if the name is taken;
    ///   `.fileNameInvalid` if the number added by the rule `rename` makes the name too long; `.destinationNotFound` if
    ///   the folder was deleted, in which case the upload is aborted.
    func callAsFunction(
        _ id: String,
        reports: [PartReport],
        caller: Caller,
        access: UploadAccess
    ) async throws -> CompletedFile {
        let request = Request(id: id, reports: reports, caller: caller, access: access)
        var machine = CompletionStateMachine()
        var action = machine.start
        while true {
            switch action {
            case .perform(let step):
                let event: CompletionStateMachine.Event
                do { event = try await perform(step, for: request) } catch { event = .failed(error) }
                action = machine.handle(event)
            case .succeed(.now(let file)):
                return file
            case .succeed(.earlier(let fileID)):
                guard let fileID, let file = try await file(fileID, in: access.namespace) else {
                    throw PontoonError.uploadNotFound
                }
                return file
            case .fail(let error):
                throw error
            }
        }
    }

    private struct Request {
        let id: String
        let reports: [PartReport]
        let caller: Caller
        let access: UploadAccess
    }

    private func perform(
        _ step: CompletionStateMachine.Step,
        for request: Request
    ) async throws -> CompletionStateMachine.Event {
        switch step {
        case .look(let allowsCached):
            return try await look(request, allowsCached: allowsCached)
        case .wait(let pause):
            try await Task.sleep(for: pause)
            return .done
        case .rollBackEarlier(let leaseID):
            return .rolledBack(try await rollBack(request.id, leaseID: leaseID))
        case .report:
            try await reports.record(request.reports, of: request.id)
            return .done
        case .acquireLease(let upload, let replacesExpired):
            return try await acquireLease(of: upload, for: request.caller, replacesExpired: replacesExpired)
        case .finish(let plan, let lease):
            let finished = try await leases.keep(lease) { [metadata] in
                try await metadata.renewCompletionLease(of: plan.upload.id, $0)
            } _: { [finisher] in
                try await finisher.finish(plan, under: lease)
            }
            guard let finished, let finished else { return .leaseLost }
            return .finished(finished)
        case .commit(let finished, let lease):
            return try await commit(finished, under: lease)
        case .cleanUp(let finished):
            // An object is discarded only if it was replaced (`overwrite`), if an existing file was kept instead
            // (`skip`), or if the file does not use the upload's object because the file is empty.
            if [.overwrite, .skip].contains(finished.upload.rule) || finished.content.key != finished.upload.key {
                await garbage.collect()
            }
            try await finisher.cleanUp(finished)
            return .done
        case .rollBack(let upload, let lease):
            return .rolledBack(try await rollBack(upload.id, leaseID: lease.id))
        case .discardObject(let upload):
            try await storage.store.discard(upload.object)
            return .done
        case .abort(let upload):
            if try await metadata.abortUpload(upload.id) { await garbage.collect() }
            return .done
        }
    }

    private func look(_ request: Request, allowsCached: Bool) async throws -> CompletionStateMachine.Event {
        var upload: Upload?
        if allowsCached { upload = try await request.access.cachedActive(request.id, caller: request.caller) }
        let found: Upload
        if let upload {
            found = upload
        } else {
            found = try await request.access.upload(request.id, caller: request.caller)
        }
        let failedLease = found.state == .completing ? pendingRollbacks.take(found.id) : nil
        return .found(found, failedLease: failedLease, now: now())
    }

    /// Acquires the completion lease of an upload and creates the completion plan in the same transaction.
    ///
    /// Therefore, completing an upload too early does not affect parts that are being received, and the parts in the
    /// plan can no longer change.
    private func acquireLease(
        of upload: Upload,
        for caller: Caller,
        replacesExpired: Bool
    ) async throws -> CompletionStateMachine.Event {
        let lease = leases.new()
        let knowsLengths = storage.seesParts
        let result: CompletionLeaseResult<Result<CompletionPlan, PontoonError>>
        do {
            result = try await metadata.acquireCompletionLease(of: upload.id, lease, now: now()) {
                snapshot throws(PontoonError) in
                do throws(PontoonError) {
                    return .success(
                        try CompletionPlan(snapshot, caller: caller.name, knowsLengths: knowsLengths)
                    )
                } catch {
                    if replacesExpired { return .failure(error) }
                    throw error
                }
            }
        } catch {
            // The transaction may have been committed despite the error. The upload is then leased and must be rolled
            // back.
            pendingRollbacks.insert(upload.id, leaseID: lease.id)
            throw error
        }
        switch result {
        case .acquired(let plan):
            // The new lease replaces an earlier one whose rollback may be pending.
            _ = pendingRollbacks.take(upload.id)
            return .acquired(plan, lease)
        case .refused(let refusal): throw refusal
        case .unavailable: return .unavailable
        }
    }

    private func commit(_ finished: FinishedUpload, under lease: Lease) async throws -> CompletionStateMachine.Event {
        let (upload, time) = (finished.upload, now())
        let id = Identifiers.file(now: time)
        let completed: CompletedFile
        switch upload.destination {
        case .folder(let parent, let project, _):
            let file = File(
                id: id,
                name: upload.name,
                kind: .file,
                project: project,
                parent: parent,
                content: finished.content,
                createdOn: time,
                tags: finished.labels.tags,
                metadata: finished.labels.metadata
            )
            completed = .file(file, rule: upload.rule)
        case .automation(let automation):
            let file = PackageFile(
                id: id,
                automation: automation,
                name: upload.name,
                content: finished.content,
                createdOn: time
            )
            completed = .package(file)
        }
        let stored = try await metadata.completeUpload(upload.id, leaseID: lease.id, as: completed)
        return stored.map { .committed($0) } ?? .leaseLost
    }

    private func file(_ id: String, in namespace: Upload.Namespace) async throws -> CompletedFile? {
        switch namespace {
        case .files: try await metadata.file(id).map { .file($0, rule: .fail) }
        case .codePackages: try await metadata.packageFile(id).map { .package($0) }
        }
    }

    // MARK: - Roll back

    /// Returns an upload to the state `active`, unless its completion was committed or another call holds its lease.
    ///
    /// - Throws: An error if a store is unavailable. The rollback is then pending; see ``PendingRollbacks``.
    private func rollBack(_ id: String, leaseID: String) async throws -> RollbackOutcome {
        do {
            // If the response to a commit was lost, for example because the database crashed, the commit may become
            // visible late, but no later than the next commit. Therefore, the state is read after renewing the lease.
            let isOurs = try await metadata.renewCompletionLease(of: id, leases.extended(leaseID))
            guard let upload = try await metadata.upload(id) else { return .uploadGone }
            if upload.state == .completed { return .completed(fileID: upload.fileID) }
            if isOurs {
                try await finisher.revert(upload)
                _ = try await metadata.releaseCompletionLease(of: id, leaseID: leaseID)
            }
            return .rolledBack
        } catch {
            pendingRollbacks.insert(id, leaseID: leaseID)
            throw error
        }
    }

    /// Rolls back interrupted completions, so that their uploads can be completed again.
    ///
    /// - Parameter time: Leases that expire by this time are taken over. `.distantFuture` takes over all leases, which
    ///   is safe only if no other server shares the stores.
    /// - Returns: The number of completions that were rolled back.
    /// - Throws: The first error, after all rollbacks were tried.
    @discardableResult
    package func recover(leasedUntil time: Date) async throws -> Int {
        var rolledBack = 0
        try await forEach(try await metadata.completingUploads(leasedUntil: time)) { upload in
            let lease = leases.new()
            guard try await metadata.acquireCompletionLease(of: upload.id, lease, now: time) else { return }
            _ = try await rollBack(upload.id, leaseID: lease.id)
            rolledBack += 1
        }
        return rolledBack
    }

    /// Retries the rollbacks that failed in this process.
    ///
    /// - Throws: The first error, after all rollbacks were tried.
    package func retryRollbacks() async throws {
        try await forEach(pendingRollbacks.uploadIDs) { id in
            if let leaseID = pendingRollbacks.take(id) { _ = try await rollBack(id, leaseID: leaseID) }
        }
    }

    /// Rolls back each element, even if some of the rollbacks fail.
    ///
    /// - Throws: The first error, after all rollbacks were tried.
    private func forEach<Element>(
        _ elements: some Sequence<Element>,
        _ rollBack: (Element) async throws -> Void
    ) async throws {
        var failure: (any Error)?
        for element in elements {
            do {
                try await rollBack(element)
            } catch {
                failure = failure ?? error
            }
        }
        if let failure { throw failure }
    }
}
