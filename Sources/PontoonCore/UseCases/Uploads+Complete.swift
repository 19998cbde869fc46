package import Foundation

extension Uploads {
    /// Ends an upload: its parts become one file.
    ///
    /// Asked again, it answers with the same file; asked twice at once, one caller does the work and both get its file.
    ///
    /// - Parameters:
    ///   - id: The upload.
    ///   - reports: Parts still to be reported; those reported before may be among them.
    ///   - caller: Who asks.
    /// - Returns: The file.
    /// - Throws: What docs/api.md#complete lists. After `.completeRefused` and `.nameTaken` the upload stays usable.
    package func complete(_ id: String, reports: [PartReport], caller: User) async throws -> File {
        let ended = try await end(id, reports: reports, caller: caller)
        if case .file(let file) = ended { return file }
        guard let file = try await metadata.file(ended.id) else { throw Self.notFound }
        return file
    }

    /// As ``complete(_:reports:caller:)``, for an upload that becomes a code package's file.
    package func completePackage(_ id: String, reports: [PartReport], caller: User) async throws -> PackageFile {
        let ended = try await end(id, reports: reports, caller: caller)
        if case .packageFile(let file) = ended { return file }
        guard let file = try await metadata.packageFile(ended.id) else { throw Self.notFound }
        return file
    }

    /// What an upload became.
    private enum Ended {
        /// Made by this call.
        case file(File), packageFile(PackageFile)
        /// Made by an earlier call, or one at the same time.
        case earlier(id: String)

        var id: String {
            switch self {
            case .file(let file): file.id
            case .packageFile(let file): file.id
            case .earlier(let id): id
            }
        }
    }

    private func end(_ id: String, reports: [PartReport], caller: User) async throws -> Ended {
        var pause = Duration.milliseconds(20)
        // Claiming asks the store again; only then may it be otherwise.
        var recent = try await recentlyActive(id, caller: caller)
        while true {
            let known = recent.take()
            let upload = if let known { known } else { try await upload(id, caller: caller) }
            switch upload.state {
            case .completed:
                return .earlier(id: try Self.fileID(of: upload))
            case .completing:
                if let leaseID = stranded.remove(id) {
                    _ = try await giveBack(id, leaseID: leaseID)
                } else if upload.leaseExpiresOn.map({ $0 <= now() }) == true {
                    // The server that was at work is gone. Its parts are fixed still: the work is done once more.
                    if let file = try await claimAndAssemble(upload, if: { _ in }) { return file }
                } else {
                    // Another call is at work, here or on another server; only the store knows when it ends.
                    try await Task.sleep(for: pause)
                    pause = min(pause * 2, .milliseconds(320))
                }
            case .active:
                do {
                    try await record(reports, of: id)
                } catch let error as PontoonError {
                    // The parts' records go when another call completes the upload in between.
                    guard try await self.upload(id, caller: caller).state != .active else { throw error }
                    continue
                }
                // Before anything changes: a complete that comes too early must not disturb parts on their way.
                let check = { @Sendable (claimed: CompletionSnapshot) throws(PontoonError) in
                    // The rights that were remembered may be a second old, and a file is for good.
                    guard upload.userName != caller.name || claimed.initiatorMayWrite else { throw Self.mayNotWrite }
                    _ = try plan(claimed)
                }
                if let file = try await claimAndAssemble(upload, if: check) { return file }
            }
        }
    }

    /// - Returns: `nil` when another call has the upload.
    private func claimAndAssemble(
        _ upload: Upload,
        if check: @escaping @Sendable (CompletionSnapshot) throws(PontoonError) -> Void
    ) async throws -> Ended? {
        let lease = leases.new()
        let result: CompletionLeaseResult<CompletionSnapshot>
        do {
            result = try await metadata.acquireCompletionLease(of: upload.id, lease, now: now()) {
                snapshot throws(PontoonError) in
                try check(snapshot)
                return snapshot
            }
        } catch {
            // Whether it was committed is not known.
            stranded.insert(upload.id, leaseID: lease.id)
            throw error
        }
        let claimed: CompletionSnapshot
        switch result {
        case .acquired(let snapshot): claimed = snapshot
        case .refused(let refusal): throw refusal
        case .unavailable: return nil
        }
        // From here on "completing" means that this call is at work.
        _ = stranded.remove(upload.id)
        do {
            return try await assemble(claimed, lease)
        } catch is LeaseLost {
            return nil
        }
    }

    /// Gives back uploads whose completion nobody is at work on any more: they can be completed as before.
    ///
    /// - Parameter time: Takes over claims that ended before; `.distantFuture` takes all, when no other server can be there.
    /// - Throws: When a store cannot be reached.
    package func recoverCompletions(leasedUntil time: Date) async throws {
        for upload in try await metadata.completingUploads(leasedUntil: time) {
            let lease = leases.new()
            guard try await metadata.acquireCompletionLease(of: upload.id, lease, now: time) else { continue }
            _ = try await giveBack(upload.id, leaseID: lease.id)
        }
    }

    /// Makes usable again the uploads that could not be when their completion failed.
    package func retryStranded() async throws {
        for id in stranded.all {
            if let leaseID = stranded.remove(id) { _ = try await giveBack(id, leaseID: leaseID) }
        }
    }

    private static func fileID(of upload: Upload) throws -> String {
        guard let fileID = upload.fileID else { throw notFound }
        return fileID
    }

    /// The caller has claimed the upload: its parts are fixed and nobody else is here.
    private func assemble(_ claimed: CompletionSnapshot, _ lease: Lease) async throws -> Ended {
        let upload = claimed.upload
        let ended: Ended
        let isSettled: Bool
        do {
            let (content, settled) = try await leases.keep(lease) { [self] in
                try await metadata.renewCompletionLease(of: upload.id, $0)
            } _: { [self] in
                try await makeContent(of: claimed, leaseID: lease.id)
            }
            ended = try await commit(content, of: upload, leaseID: lease.id)
            isSettled = settled
        } catch {
            return try await takeBack(upload, leaseID: lease.id, after: error)
        }
        await hasher?.forget(upload.id)
        if !isSettled { await settle(upload) }
        // Nothing else of what complete does discards an object.
        if upload.overwrite { await garbage.collect() }
        return ended
    }

    /// The file is committed: what cannot be removed now is removed by the next start, and is no reason to fail.
    private func settle(_ upload: Upload) async {
        do { try await objects.settle(upload.key) } catch {}
    }

    /// The parts to assemble, in order; whether the name is free is decided by the commit once more.
    ///
    /// - Throws: `.completeRefused`, `.nameTaken`.
    private func plan(_ claimed: CompletionSnapshot) throws(PontoonError) -> [PartRecord] {
        let upload = claimed.upload
        // In a direct store only that store knows the lengths, so all but an empty file is taken for undeclared.
        let size: Int64? = direct == nil || upload.size == 0 ? upload.size : nil
        let parts = try CompletionPlan(parts: claimed.parts, size: size).partsToAssemble()
        if let existingEntry = claimed.existingEntry, existingEntry == .folder || !upload.overwrite {
            throw PontoonError(.nameTaken, "A file or folder named '\(upload.name)' exists there.")
        }
        return parts
    }

    /// - Returns: The content, and whether the object store has nothing left to let go of.
    private func makeContent(
        of claimed: CompletionSnapshot,
        leaseID: String
    ) async throws -> (content: FileContent, isSettled: Bool) {
        let (upload, parts) = (claimed.upload, try plan(claimed))
        if let direct { return (try await makeContent(of: upload, from: parts, in: direct, leaseID: leaseID), false) }
        var md5: String?
        if let declared = upload.md5, let hasher {
            md5 = try await hasher.digest(of: upload, parts: parts)
            guard md5 == declared else {
                throw PontoonError(.completeRefused, "The stored bytes do not have the MD5 that was declared.")
            }
        }
        if !claimed.parts.allSatisfy(\.isReported) {
            // Finishing may cut off the bytes of parts that the client left out: nobody may vouch for them from here on.
            _ = try await metadata.forgetUnreportedParts(of: upload.id)
        }
        let object = try await objects.finish(upload, parts: parts)
        let content = FileContent(key: upload.key, size: object.size, crc64: object.crc64, md5: md5)
        return (content, object.isSettled)
    }

    /// - Throws: ``LeaseLost`` when the upload has ended meanwhile, or another server has it.
    private func commit(_ content: FileContent, of upload: Upload, leaseID: String) async throws -> Ended {
        let id = Identifiers.file(now: now())
        let isCommitted: Bool
        let ended: Ended
        switch upload.destination {
        case .folder(let parent, let project, _):
            let file = File(
                id: id,
                name: upload.name,
                kind: .file,
                project: project,
                parent: parent,
                content: content,
                createdOn: now()
            )
            ended = .file(file)
            isCommitted = try await metadata.completeUpload(
                upload.id,
                leaseID: leaseID,
                as: .file(file, overwrite: upload.overwrite)
            )
        case .automation(let automation):
            let file = PackageFile(
                id: id,
                automation: automation,
                name: upload.name,
                content: content,
                createdOn: now()
            )
            ended = .packageFile(file)
            isCommitted = try await metadata.completeUpload(upload.id, leaseID: leaseID, as: .package(file))
        }
        guard isCommitted else { throw LeaseLost() }
        return ended
    }

    /// Makes the upload usable again, unless the file was made after all and only the answer was lost.
    private func takeBack(_ upload: Upload, leaseID: String, after error: any Error) async throws -> Ended {
        let current: Upload?
        do {
            current = try await metadata.upload(upload.id)
        } catch {
            stranded.insert(upload.id, leaseID: leaseID)
            throw error
        }
        guard let current else {
            // Its project was deleted meanwhile, and what finishing made has no owner.
            try await objects.discard(upload.object)
            let cause = error is PontoonError || error is LeaseLost ? nil : error
            throw PontoonError(.projectNotFound, "The project was deleted, and the upload with it.", cause: cause)
        }
        if current.state == .completed { return .earlier(id: try Self.fileID(of: current)) }
        if let id = try await giveBack(upload.id, leaseID: leaseID) { return .earlier(id: id) }
        switch (error as? PontoonError)?.code {
        case .storageFull:
            throw PontoonError(.completeRefused, "There is not enough room to put the parts together.", cause: error)
        case .destinationNotFound:
            // A folder that is gone never comes back: nobody can complete this upload any more.
            if try await metadata.abortUpload(upload.id) { await garbage.collect() }
            throw error
        default: throw error
        }
    }

    /// - Returns: Id of the file when the upload turns out to be completed.
    private func giveBack(_ id: String, leaseID: String) async throws -> String? {
        do {
            // A commit that failed may still show after a crash, until another one has taken place. Only then is it sure that
            // the upload is not completed.
            let lease = Lease(id: leaseID, expiresOn: leases.new().expiresOn)
            let isOurs = try await metadata.renewCompletionLease(of: id, lease)
            guard let upload = try await metadata.upload(id) else { return nil }
            if isOurs {
                try await objects.reopen(upload.key)
                _ = try await metadata.releaseCompletionLease(of: id, leaseID: leaseID)
            }
            return upload.state == .completed ? upload.fileID : nil
        } catch {
            stranded.insert(id, leaseID: leaseID)
            throw error
        }
    }
}
