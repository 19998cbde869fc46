package import PontoonCore

extension SQLMetadataStore {
    package func hookCursor() async throws -> EventCursor? {
        try await metadataValue(for: .hookCursor).flatMap { EventCursor($0) }
    }

    package func moveHookCursor(from old: EventCursor?, to new: EventCursor) async throws -> Bool {
        let name = StoreMetadataKey.hookCursor.rawValue
        return try await write(changing: .none) { connection in
            guard let old else { return try connection.execute(insertProperty, [name, new.text]) == 1 }
            return try connection.execute(replaceProperty, [new.text, name, old.text]) == 1
        }
    }
}

private let replaceProperty: SQLStatement = "UPDATE properties SET value = $1 WHERE name = $2 AND value = $3"
