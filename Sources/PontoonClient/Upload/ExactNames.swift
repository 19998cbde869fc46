/// Text that is the same only when its bytes are.
///
/// Two `String`s are equal when they look alike, however their letters are composed; for the API, as for a disk, they are
/// two names.
struct ExactText: Hashable, Sendable {
    private let bytes: [UInt8]

    init(_ text: String) { bytes = Array(text.utf8) }
}

/// Folders below a destination, outermost first, compared byte by byte.
struct FolderPath: Hashable, Sendable {
    let names: [String]

    init(_ names: [String]) { self.names = names }

    /// It and all that are above it, the destination itself left out.
    var withParents: [FolderPath] { names.indices.map { FolderPath(Array(names[...$0])) } }
    /// The one above it.
    var parent: FolderPath { FolderPath(names.dropLast()) }

    static func == (left: FolderPath, right: FolderPath) -> Bool {
        left.names.elementsEqual(right.names) { $0.utf8.elementsEqual($1.utf8) }
    }

    func hash(into hasher: inout Hasher) {
        for name in names { hasher.combine(ExactText(name)) }
    }
}
