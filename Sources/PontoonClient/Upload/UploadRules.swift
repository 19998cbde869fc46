import PontoonCore

/// The rules that an item must satisfy before any of its bytes are read or sent.
struct UploadRules {
    let server: ServerIndex

    /// Returns the error for an item that violates a rule; `nil` if it satisfies all rules.
    func problem(with item: UploadItem) -> ClientError? {
        item.problem ?? nameProblem(item) ?? labelProblem(item)
    }

    private func nameProblem(_ item: UploadItem) -> ClientError? {
        for folder in item.folders {
            guard let problem = FileName.problem(with: folder, kind: .folder) else { continue }
            return ClientError(
                .fileUnsuitable,
                "'\(item.source)' cannot be uploaded to a folder named '\(folder)': \(problem)",
                advice: "Rename the folder, or leave it out with --exclude."
            )
        }
        guard let problem = FileName.problem(with: item.name, kind: item.isFolder ? .folder : .file) else {
            return nil
        }
        return ClientError(
            .fileUnsuitable,
            "'\(item.source)' cannot be uploaded under its name: \(problem)",
            advice: "Rename it, or choose another name with --name."
        )
    }

    private func labelProblem(_ item: UploadItem) -> ClientError? {
        guard let problem = tagProblem(item.tags) ?? metadataProblem(item.metadata) else { return nil }
        return ClientError(
            .requestInvalid,
            "'\(item.source)' cannot be uploaded with its tags and metadata: \(problem)",
            advice: "Change --tag, --meta or the manifest."
        )
    }

    private func tagProblem(_ tags: [String]) -> String? {
        if tags.count > FieldRules.maximumTags {
            return "It has \(tags.count) tags; at most \(FieldRules.maximumTags) are allowed."
        }
        let limits = 1...FieldRules.maximumTagBytes
        guard let tag = tags.first(where: { !limits.contains(length($0)) }) else { return nil }
        return
            "The tag '\(tag.truncated(to: 40))' has \(length(tag)) \(unit); \(limits.lowerBound) to \(limits.upperBound) are allowed."
    }

    private func metadataProblem(_ metadata: [String: String]) -> String? {
        if metadata.count > MetadataRules.maximumPairs {
            return "It has \(metadata.count) metadata keys; at most \(MetadataRules.maximumPairs) are allowed."
        }
        for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
            let name = key.truncated(to: 40)
            if (key + value).unicodeScalars.contains("\0") {
                return "The metadata key '\(name)' or its value contains the character U+0000."
            }
            guard (1...MetadataRules.maximumKeyBytes).contains(length(key)) else {
                return
                    "The metadata key '\(name)' has \(length(key)) \(unit); 1 to \(MetadataRules.maximumKeyBytes) are allowed."
            }
            guard length(value) <= MetadataRules.maximumValueBytes else {
                let maximum = MetadataRules.maximumValueBytes
                return
                    "The value of the metadata key '\(name)' has \(length(value)) \(unit); at most \(maximum) are allowed."
            }
        }
        return nil
    }

    // The platform has the same limits, but counts characters.
    private var unit: String { server.acceptsLabels ? "bytes" : "characters" }
    private func length(_ text: String) -> Int { server.acceptsLabels ? text.utf8.count : text.unicodeScalars.count }
}

extension UploadItem {
    /// Returns whether the file on the server has exactly the item's tags, if the item has any, and at least its
    /// metadata.
    func hasLabels(_ details: FileDetails) -> Bool {
        (tags.isEmpty || Set(tags) == Set(details.tags))
            && metadata.allSatisfy { details.metadata[$0.key] == $0.value }
    }
}
