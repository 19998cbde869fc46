import PontoonCore

extension S3ObjectStore: ReachableStore {
    /// Once and without waiting for long: whoever asks will ask again.
    package func ping() async throws { _ = try await client.sendOnce(S3Request("HEAD", nil)) }
}

extension S3ObjectStore: ImportingObjectStore {
    package func isEmpty() async throws -> Bool {
        let query = [
            NamedValue("list-type", "2"), NamedValue("prefix", namePrefix), NamedValue("max-keys", "1"),
        ]
        let answer = try await client.send(S3Request("GET", nil, query: query))
        return try S3XML.decode(ObjectList.self, from: answer.body).objects?.isEmpty ?? true
    }

    private struct ObjectList: Decodable {
        struct Object: Decodable {}

        let objects: [Object]?

        private enum CodingKeys: String, CodingKey { case objects = "Contents" }
    }
}

extension S3Unreachable: TemporaryFault {
    package var isTemporary: Bool { true }
}
