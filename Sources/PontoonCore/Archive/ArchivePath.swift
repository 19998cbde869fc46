/// The path of an archive entry, relative to the archive's destination.
package struct ArchivePath: Hashable, Sendable {
    /// Maximum length of a path in bytes.
    package static let maximumLength = 4096
    /// Maximum number of names in a path.
    package static let maximumDepth = 64

    /// The names of the folders, followed by the entry's name; empty for the destination itself.
    package let names: [String]

    /// Parses the path of an entry.
    ///
    /// Empty names and `.` are ignored.
    ///
    /// - Throws: `.fileNameInvalid` if the path is absolute, too long, too deep or not UTF-8, if it contains an invalid
    ///   name such as `..` (see ``FileName``), or if the path of a file has no names.
    package init(_ entry: TarEntry) throws(PontoonError) {
        let path = entry.path
        guard path.count <= Self.maximumLength else {
            throw PontoonError(.fileNameInvalid, "The path is longer than \(Self.maximumLength) bytes.")
        }
        guard path.first != UInt8(ascii: "/") else {
            throw PontoonError(.fileNameInvalid, "The path must be relative.")
        }
        guard let text = String(validating: path, as: UTF8.self) else {
            throw PontoonError(.fileNameInvalid, "The path is not valid UTF-8.")
        }
        // Split bytes instead of `Character`s, because a slash with a combining mark is a single `Character`.
        let parts = text.utf8.split(separator: UInt8(ascii: "/")).filter { !$0.elementsEqual(".".utf8) }
        let names = parts.compactMap { String($0) }
        guard names.count <= Self.maximumDepth else {
            throw PontoonError(.fileNameInvalid, "The path has more than \(Self.maximumDepth) names.")
        }
        for (index, name) in names.enumerated() {
            let kind: File.Kind = index < names.count - 1 || entry.kind == .folder ? .folder : .file
            if let problem = FileName.problem(with: name, kind: kind) { throw PontoonError(.fileNameInvalid, problem) }
        }
        guard !names.isEmpty || entry.kind == .folder else {
            throw PontoonError(.fileNameInvalid, "The name must not be empty.")
        }
        self.names = names
    }
}
