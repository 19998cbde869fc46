import Foundation

/// The folders that the files go to, and what lies in them as far as it matters.
struct RemotePlaces: Sendable {
    private(set) var places: [[String]: UploadDestination]
    /// Files by name, for folders that were listed.
    private(set) var contents: [[String]: [String: FileDetails]] = [:]

    /// Begins with the destination itself.
    init(_ destination: UploadDestination) { places = [[]: destination] }

    /// Finds folders, makes those that are missing, and lists some of them.
    ///
    /// One level after the other; folders of one level at the same time. Without `making`, what is missing stays so.
    mutating func prepare(
        _ folders: Set<[String]>,
        listing: Set<[String]>,
        making: Bool = true,
        client: SevenBridgesClient
    ) async throws {
        let all = Set(folders.flatMap { folder in folder.indices.map { Array(folder[...$0]) } })
        for level in Dictionary(grouping: all, by: \.count).sorted(by: { $0.key < $1.key }) {
            let parents = places
            let found = try await Self.concurrently(level.value) { folder -> UploadDestination? in
                guard let parent = parents[Array(folder.dropLast())] else { return nil }
                let name = folder[folder.count - 1]
                if making { return .folder(try await client.folder(name, in: parent)) }
                return try await client.existingFolder(name, in: parent).map { .folder($0) }
            }
            places.merge(found.compactMapValues { $0 }) { _, new in new }
        }
        let known = places
        contents = try await Self.concurrently(listing.filter { known[$0] != nil }) { folder in
            var files: [String: FileDetails] = [:]
            guard let place = known[folder] else { return files }
            try await client.eachPage {
                try await client.files(in: place, offset: $0)
            } _: { page in
                for file in page { files[file.name] = file }
            }
            return files
        }
    }

    private static func concurrently<Value: Sendable>(
        _ folders: some Sequence<[String]>,
        _ body: @escaping @Sendable ([String]) async throws -> Value
    ) async throws -> [[String]: Value] {
        try await withThrowingTaskGroup(of: ([String], Value).self) { group in
            var waiting = folders.makeIterator()
            for _ in 0..<8 {
                guard let folder = waiting.next() else { break }
                group.addTask { (folder, try await body(folder)) }
            }
            var values: [[String]: Value] = [:]
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
