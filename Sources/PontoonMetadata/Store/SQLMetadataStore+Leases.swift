package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func acquireCompletionLease<Plan: Sendable>(
        of id: String,
        _ lease: Lease,
        now: Date,
        deciding decide: @escaping @Sendable (CompletionSnapshot) throws(PontoonError) -> Plan
    ) async throws -> CompletionLeaseResult<Plan> {
        try await writeOrRollBack(changing: .upload(id)) { connection in
            let values: [any SQLConvertible] = [lease.id, lease.expiresOn, id, now]
            guard let row = try connection.query(acquireUploadLease, values).first else { return .commit(.unavailable) }
            let snapshot = try connection.completionSnapshot(of: try row.upload(), labels: try row.labels("labels"))
            do throws(PontoonError) {
                return .commit(.acquired(try decide(snapshot)))
            } catch {
                return .rollBack(.refused(error))
            }
        }
    }

    package func renewCompletionLease(of id: String, _ lease: Lease) async throws -> Bool {
        try await write(changing: .upload(id)) {
            try $0.execute(renewUploadLease, [lease.expiresOn, id, lease.id]) == 1
        }
    }

    package func releaseCompletionLease(of id: String, leaseID: String) async throws -> Bool {
        try await write(changing: .upload(id)) { try $0.execute(releaseUploadLease, [id, leaseID]) == 1 }
    }

    package func restartUpload(_ id: String, leaseID: String, as object: ObjectReference) async throws -> Bool {
        let now = now
        return try await write(changing: .upload(id)) { connection in
            let leased = try connection.query(selectLeasedObject, [id, leaseID], lock: .forUpdate("uploads"))
            guard let old = leased.first else { return false }
            try connection.execute(replaceObject, [object.key, object.handle?.rawValue, id])
            try connection.discard(try old.text("object_key"), try old.optionalText("object_handle"), now: now)
            try connection.execute("DELETE FROM parts WHERE upload_id = $1", [id])
            return true
        }
    }

    package func acquireLease(_ task: String, _ lease: Lease, now: Date) async throws -> Bool {
        try await write(changing: .none) {
            try $0.execute(upsertLease, [task, lease.id, lease.expiresOn, now]) == 1
        }
    }

    package func endLease(_ task: String, leaseID: String) async throws {
        try await write(changing: .none) { _ = try $0.execute(deleteLease, [task, leaseID]) }
    }
}

extension SQLConnection {
    fileprivate func completionSnapshot(of upload: Upload, labels: FileLabels) throws -> CompletionSnapshot {
        var mayWrite = true
        var existingEntry: File.Kind?
        if case .folder(let folder, let project, _) = upload.destination {
            mayWrite = try permissions(of: upload.userName, in: project)?.allows(.write) ?? false
            existingEntry = try kind(named: upload.name, in: folder)
        }
        let parts = try parts(of: upload.id)
        return CompletionSnapshot(
            upload: upload,
            initiatorMayWrite: mayWrite,
            parts: parts,
            existingEntry: existingEntry,
            labels: labels
        )
    }
}

private let acquireUploadLease = SQLStatement(
    constant: """
        UPDATE uploads SET state = 'completing', claim_holder = $1, claim_expires_on = $2
        WHERE id = $3 AND (state = 'active' OR (state = 'completing' AND claim_expires_on <= $4))
        RETURNING \(uploadColumns), labels
        """
)
private let renewUploadLease: SQLStatement = """
    UPDATE uploads SET claim_expires_on = $1 WHERE id = $2 AND state = 'completing' AND claim_holder = $3
    """
private let releaseUploadLease: SQLStatement = """
    UPDATE uploads SET state = 'active', claim_holder = '', claim_expires_on = 0
    WHERE id = $1 AND state = 'completing' AND claim_holder = $2
    """
private let selectLeasedObject: SQLStatement = """
    SELECT object_key, object_handle FROM uploads WHERE id = $1 AND state = 'completing' AND claim_holder = $2
    """
private let replaceObject: SQLStatement = "UPDATE uploads SET object_key = $1, object_handle = $2 WHERE id = $3"
private let upsertLease: SQLStatement = """
    INSERT INTO leases (task, holder, expires_on) VALUES ($1, $2, $3)
    ON CONFLICT (task) DO UPDATE SET holder = excluded.holder, expires_on = excluded.expires_on
    WHERE leases.holder = excluded.holder OR leases.expires_on <= $4
    """
private let deleteLease: SQLStatement = "DELETE FROM leases WHERE task = $1 AND holder = $2"
