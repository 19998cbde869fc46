import PontoonCore

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

extension Collection {
    /// Returns, for each key that occurs more than once, the positions of its elements in ascending order.
    ///
    /// Stores only the hash values of the other keys, so it needs about 16 bytes per element.
    func repetitions<Key: Hashable>(_ key: (Element) -> Key) -> [Key: [Index]] {
        let hashes = map { key($0).hashValue }.sorted()
        let repeated = Set(zip(hashes, hashes.dropFirst()).lazy.filter { $0 == $1 }.map(\.0))
        if repeated.isEmpty { return [:] }
        var positions: [Key: [Index]] = [:]
        for index in indices {
            let key = key(self[index])
            if repeated.contains(key.hashValue) { positions[key, default: []].append(index) }
        }
        return positions.filter { $0.value.count > 1 }
    }
}
