/// A string that is equal to another string only if their bytes are equal.
///
/// Swift compares strings by canonical equivalence. The API and most file systems treat composed and decomposed
/// characters as different names.
struct ByteExactString: Hashable, Sendable {
    let bytes: [UInt8]

    init(_ string: String) { bytes = Array(string.utf8) }
}

/// Folders below a destination, outermost first, compared byte by byte.
struct FolderPath: Hashable, Sendable {
    let names: [String]

    init(_ names: [String]) { self.names = names }

    /// This folder and those above it, without the destination itself.
    var withParents: [FolderPath] { names.indices.map { FolderPath(Array(names[...$0])) } }
    var parent: FolderPath { FolderPath(names.dropLast()) }

    static func == (left: FolderPath, right: FolderPath) -> Bool {
        left.names.elementsEqual(right.names) { $0.utf8.elementsEqual($1.utf8) }
    }

    func hash(into hasher: inout Hasher) {
        for name in names { hasher.combine(ByteExactString(name)) }
    }
}
