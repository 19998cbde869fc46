package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func claimCompletion(
        of id: String,
        _ claim: Claim,
        now: Date,
        if check: @escaping @Sendable (ClaimedUpload) throws -> Void
    ) async throws -> ClaimedUpload? {
        try await write(changing: .upload(id)) { connection in
            let values: [any SQLConvertible] = [claim.holder, claim.expiresOn, id, now]
            guard let row = try connection.query(claimUpload, values).first else { return nil }
            let claimed = try connection.claimed(try row.upload())
            try check(claimed)
            return claimed
        }
    }

    package func renewCompletion(of id: String, _ claim: Claim) async throws -> Bool {
        try await write(changing: .upload(id)) {
            try $0.execute(renewUpload, [claim.expiresOn, id, claim.holder]) == 1
        }
    }

    package func giveBackCompletion(of id: String, holder: String) async throws -> Bool {
        try await write(changing: .upload(id)) { try $0.execute(giveBackUpload, [id, holder]) == 1 }
    }

    package func claimLease(_ task: String, _ claim: Claim, now: Date) async throws -> Bool {
        try await write(changing: .none) {
            try $0.execute(upsertLease, [task, claim.holder, claim.expiresOn, now]) == 1
        }
    }

    package func endLease(_ task: String, holder: String) async throws {
        try await write(changing: .none) { _ = try $0.execute(deleteLease, [task, holder]) }
    }
}

extension SQLConnection {
    fileprivate func claimed(_ upload: Upload) throws -> ClaimedUpload {
        var mayWrite = true
        var namesake: File.Kind?
        if case .folder(let folder, let project, _) = upload.destination {
            mayWrite = try permissions(of: upload.userName, in: project)?.allows(.write) ?? false
            namesake = try kind(named: upload.name, in: folder)
        }
        let parts = try parts(of: upload.id)
        return ClaimedUpload(upload: upload, initiatorMayWrite: mayWrite, parts: parts, namesake: namesake)
    }
}

private let claimUpload = SQLStatement(
    constant: """
        UPDATE uploads SET state = 'completing', claim_holder = $1, claim_expires_on = $2
        WHERE id = $3 AND (state = 'active' OR (state = 'completing' AND claim_expires_on <= $4))
        RETURNING \(uploadColumns)
        """
)
private let renewUpload: SQLStatement = """
    UPDATE uploads SET claim_expires_on = $1 WHERE id = $2 AND state = 'completing' AND claim_holder = $3
    """
private let giveBackUpload: SQLStatement = """
    UPDATE uploads SET state = 'active', claim_holder = '', claim_expires_on = 0
    WHERE id = $1 AND state = 'completing' AND claim_holder = $2
    """
private let upsertLease: SQLStatement = """
    INSERT INTO leases (task, holder, expires_on) VALUES ($1, $2, $3)
    ON CONFLICT (task) DO UPDATE SET holder = excluded.holder, expires_on = excluded.expires_on
    WHERE leases.holder = excluded.holder OR leases.expires_on <= $4
    """
private let deleteLease: SQLStatement = "DELETE FROM leases WHERE task = $1 AND holder = $2"
