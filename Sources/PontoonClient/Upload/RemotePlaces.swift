import Foundation

/// The folders that the files go to, and what lies in them as far as it matters.
struct RemotePlaces: Sendable {
    private(set) var places: [FolderPath: UploadDestination]
    /// What has one of the names that were looked up, by folder.
    private var contents: [FolderPath: [ExactText: FileDetails]] = [:]

    /// Begins with the destination itself.
    init(_ destination: UploadDestination) { places = [FolderPath([]): destination] }

    /// Where an item goes; `nil` when its folder is not there.
    func place(_ item: UploadItem) -> UploadDestination? { places[FolderPath(item.folders)] }

    /// What has an item's name already; `nil` too when that was not looked up.
    func existing(_ item: UploadItem) -> FileDetails? { contents[FolderPath(item.folders)]?[ExactText(item.name)] }

    /// Finds the folders of items, makes those that are missing, and looks up the names of some items.
    ///
    /// One level after the other; folders of one level at the same time. Without `making`, what is missing stays so.
    mutating func prepare(
        _ items: [UploadItem],
        lookingUp wanted: [UploadItem],
        making: Bool = true,
        client: SevenBridgesClient
    ) async throws {
        let all = Set(items.flatMap { FolderPath($0.folders).withParents })
        for level in Dictionary(grouping: all, by: \.names.count).sorted(by: { $0.key < $1.key }) {
            let parents = places
            let found = try await Self.concurrently(level.value) { folder -> UploadDestination? in
                guard let parent = parents[folder.parent], let name = folder.names.last else { return nil }
                if making { return .folder(try await client.folder(name, in: parent)) }
                return try await client.existingFolder(name, in: parent).map { .folder($0) }
            }
            places.merge(found.compactMapValues { $0 }) { _, new in new }
        }
        let known = places
        let names = Dictionary(grouping: wanted) { FolderPath($0.folders) }.mapValues { $0.map(\.name) }
        contents = try await Self.concurrently(names.keys) { folder in
            var files: [ExactText: FileDetails] = [:]
            guard let place = known[folder], let names = names[folder] else { return files }
            // By name, not by listing: a folder may hold a million other files.
            for batch in Self.batches(names) {
                for file in try await client.files(in: place, names: batch).items { files[ExactText(file.name)] = file }
            }
            return files
        }
    }

    /// Names in groups that fit on a page and into a URL.
    static func batches(_ names: [String]) -> [[String]] {
        var batches: [[String]] = []
        var length = 4000
        for name in names {
            // In a URL a byte takes three characters at most.
            let own = name.utf8.count * 3 + 6
            if length + own > 4000 || batches[batches.count - 1].count == 50 {
                batches.append([])
                length = 0
            }
            batches[batches.count - 1].append(name)
            length += own
        }
        return batches
    }

    private static func concurrently<Value: Sendable>(
        _ folders: some Sequence<FolderPath>,
        _ body: @escaping @Sendable (FolderPath) async throws -> Value
    ) async throws -> [FolderPath: Value] {
        try await withThrowingTaskGroup(of: (FolderPath, Value).self) { group in
            var waiting = folders.makeIterator()
            for _ in 0..<8 {
                guard let folder = waiting.next() else { break }
                group.addTask { (folder, try await body(folder)) }
            }
            var values: [FolderPath: Value] = [:]
            while let (folder, value) = try await group.next() {
                values[folder] = value
                guard let folder = waiting.next() else { continue }
                group.addTask { (folder, try await body(folder)) }
            }
            return values
        }
    }
}

extension SevenBridgesClient {
    /// The folder of a name in a place; made when it is missing.
    ///
    /// - Returns: Its id.
    func folder(_ name: String, in place: UploadDestination) async throws -> String {
        if let id = try await existingFolder(name, in: place) { return id }
        do {
            return try await makeFolder(name, in: place).id
        } catch let error as APIError where error.status == 409 {
            // Somebody made it meanwhile.
            guard let id = try await existingFolder(name, in: place) else { throw error }
            return id
        }
    }

    /// The folder of a name in a place.
    ///
    /// - Returns: Its id; `nil` when there is none.
    func existingFolder(_ name: String, in place: UploadDestination) async throws -> String? {
        guard let found = try await file(named: name, in: place) else { return nil }
        guard found.isFolder else {
            throw ClientError(
                .requestInvalid,
                "There is a file '\(name)' where a folder of that name is needed.",
                advice: "Rename one of them."
            )
        }
        return found.id
    }
}
