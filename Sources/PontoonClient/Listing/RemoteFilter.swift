package import PontoonFoundation

/// The conditions that a file or folder must meet to be listed.
package struct RemoteFilter: Sendable {
    /// The kind of an entry.
    package enum Kind: String, CaseIterable, Sendable {
        case file, folder
    }

    /// Patterns for names and paths, with the rules of `.gitignore`.
    ///
    /// At least one pattern must match. If there are no patterns, all names match.
    private var names: [PathPattern] = []
    /// Tags of which a file must have at least one; if empty, tags are not checked.
    package var tags: [String] = []
    /// Accepted metadata values by key, of which a file must have one for each key; if empty, metadata is not checked.
    package var metadata: [String: [String]] = [:]
    /// The kind of entries to select; `nil` selects both files and folders.
    package var kind: Kind?
    /// Range of a file's length in bytes; `nil` if the length is not checked.
    package var size: ClosedRange<Int64>?
    /// Range of a file's time of last modification; `nil` if the time is not checked.
    package var modified: ClosedRange<Date>?

    /// Creates a filter that selects all files and folders that match one of the patterns or, if there are no patterns,
    /// all files and folders.
    ///
    /// - Throws: ``ClientError`` with code `.requestInvalid` if a pattern cannot match any path.
    package init(names: [String] = []) throws(ClientError) {
        for name in names { self.names.append(try PathPattern(name)) }
    }

    /// Returns whether the filter selects a file or folder.
    ///
    /// Conditions on tags, metadata, length or modification time select only files for which the server provides the
    /// value.
    ///
    /// - Parameters:
    ///   - file: The file or folder.
    ///   - path: The names in its path, relative to the folder in which the listing starts.
    /// - Returns: Whether all conditions are met.
    func selects(_ file: FileDetails, _ path: [String]) -> Bool {
        guard kind.map({ $0 == (file.isFolder ? .folder : .file) }) ?? true,
            names.isEmpty || names.contains(where: { $0.matches(path, isFolder: file.isFolder) }),
            tags.isEmpty || !Set(tags).isDisjoint(with: file.tags),
            metadata.allSatisfy({ key, values in file.metadata[key].map { values.contains($0) } ?? false })
        else { return false }
        return Self.isMet(size, file.isFolder ? nil : file.size)
            && Self.isMet(modified, file.isFolder ? nil : file.modifiedOn)
    }

    private static func isMet<Value>(_ range: ClosedRange<Value>?, _ value: Value?) -> Bool {
        guard let range else { return true }
        return value.map { range.contains($0) } ?? false
    }

    /// The query parameters for the conditions that the server can check when it lists a folder.
    var query: [(name: String, value: String)] {
        tags.map { ("tag", $0) }
            + metadata.sorted { $0.key < $1.key }.flatMap { key, values in values.map { ("metadata.\(key)", $0) } }
    }
}
