import PontoonCore

/// Queries and checks of folder levels; see ``FolderRules``.
extension SQLConnection {
    /// Returns the ids of a folder and its ancestors, but at most ``FolderRules/maximumLevel`` + 1 ids; empty if the
    /// folder does not exist.
    func path(of folder: String) throws -> [String] {
        try query(selectAbove, [folder, FolderRules.maximumLevel]).map { try $0.text("id") }
    }

    /// Checks that a new folder in `parent` would not be too deep; accepts a root folder, whose `parent` is `nil`.
    ///
    /// - Throws: `.limitReached` if the level of the new folder would exceed ``FolderRules/maximumLevel``.
    func refuse(folderTooDeepIn parent: String?) throws {
        guard let parent else { return }
        guard try path(of: parent).count <= FolderRules.maximumLevel else { throw PontoonError.folderTooDeep }
    }

    /// Returns whether a folder is `other` or one of its descendants.
    ///
    /// - Throws: `.limitReached` if the folder's level is so high that it cannot contain another folder, and `other` is
    ///   not among the ancestors that ``path(of:)`` returns.
    func isFolder(_ id: String, inside other: String) throws -> Bool {
        let path = try path(of: id)
        if path.contains(other) { return true }
        guard path.count <= FolderRules.maximumLevel else { throw PontoonError.folderTooDeep }
        return false
    }
}

private let selectAbove: SQLStatement = """
    WITH RECURSIVE above (id, parent_id, number) AS (
        SELECT id, parent_id, 1 FROM files WHERE id = $1
        UNION ALL
        SELECT files.id, files.parent_id, above.number + 1
        FROM above JOIN files ON files.id = above.parent_id WHERE above.number <= $2
    )
    SELECT id FROM above
    """
