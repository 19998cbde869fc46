package import Foundation
package import PontoonCore

extension SQLMetadataStore {
    package func signingKeys() async throws -> [SigningKey] {
        try await read { connection in
            try connection.query(selectKeys).map { row in
                SigningKey(
                    id: try row.text("id"),
                    secret: Secret(try row.text("secret")),
                    createdOn: try row.date("created_on")
                )
            }
        }
    }

    package func addSigningKey(_ key: SigningKey) async throws {
        try await write { _ = try $0.execute(insertKey, [key.id, key.secret.value, key.createdOn]) }
    }

    package func pruneSigningKeys(before time: Date) async throws {
        try await write { _ = try $0.execute(pruneKeys, [time]) }
    }
}

private let selectKeys: SQLStatement = """
    SELECT id, secret, created_on FROM signing_keys ORDER BY created_on DESC, id DESC
    """
private let insertKey: SQLStatement = "INSERT INTO signing_keys (id, secret, created_on) VALUES ($1, $2, $3)"
private let pruneKeys: SQLStatement = """
    DELETE FROM signing_keys
    WHERE created_on < $1 AND id <> (SELECT id FROM signing_keys ORDER BY created_on DESC, id DESC LIMIT 1)
    """
