/// A string that compares equal only to strings with the same UTF-8 bytes.
///
/// `String` compares by canonical equivalence, but the API and most file systems treat the composed and decomposed
/// spellings of a name as two names.
struct ByteExactString: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ string: String) { bytes = Array(string.utf8) }
}

/// The path of a folder below a destination, outermost name first, compared byte by byte.
struct FolderPath: Hashable, Sendable {
    let names: [String]

    init(_ names: [String]) { self.names = names }

    /// This folder and its ancestors, outermost first, without the destination itself.
    var withParents: [FolderPath] { names.indices.map { FolderPath(Array(names[...$0])) } }
    /// The names, separated by slashes.
    var text: ByteExactString { ByteExactString(names.joined(separator: "/")) }
    var parent: FolderPath { FolderPath(names.dropLast()) }

    static func == (left: FolderPath, right: FolderPath) -> Bool {
        left.names.elementsEqual(right.names) { $0.utf8.elementsEqual($1.utf8) }
    }

    func hash(into hasher: inout Hasher) {
        for name in names { hasher.combine(ByteExactString(name)) }
    }
}
