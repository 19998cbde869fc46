extension CompletionPlan {
    /// Decides for parts that went straight to another store.
    ///
    /// A part counts as the store holds it under the reported tag: a client that sent it again without a new report has
    /// vouched for the earlier bytes only. Empty parts are left out, as the lengths of the others make the file; of those,
    /// all but the last must be as long as the store demands.
    ///
    /// - Parameters:
    ///   - reported: What the client reported, by number; the lengths do not matter.
    ///   - held: What the store lists, in any order; a part that was sent again may be there twice.
    ///   - size: Declared length in bytes; `nil` when unknown.
    ///   - minimumPartSize: Fewest bytes in every part but the last.
    package init(reported: [PartRecord], held: [ListedPart], size: Int64?, minimumPartSize: Int64) {
        let held = Dictionary(grouping: held, by: \.number)
        var parts: [PartRecord] = []
        for report in reported {
            let versions = held[report.number] ?? []
            guard let part = versions.first(where: { $0.etag.lowercased() == report.etag.lowercased() }) else {
                self = .refuse(
                    versions.isEmpty
                        ? "Part \(report.number.rawValue) is not stored; send it again."
                        : "Part \(report.number.rawValue) is not stored with the reported ETag; report it again."
                )
                return
            }
            parts.append(report.held(as: part))
        }
        self.init(parts: parts, size: size)
        guard case .assemble(let all, let size) = self else { return }
        let filled = all.filter { $0.size > 0 }
        if let short = filled.dropLast().first(where: { $0.size < minimumPartSize }) {
            self = .refuse(
                "Part \(short.number.rawValue) holds \(short.size) bytes; all but the last need \(minimumPartSize)."
            )
            return
        }
        self = .assemble(filled, size: size)
    }
}

extension PartRecord {
    /// The same report, with what the store says of the part.
    fileprivate func held(as part: ListedPart) -> PartRecord {
        PartRecord(
            number: number,
            size: part.size,
            etag: part.etag,
            crc64: crc64,
            place: place,
            storedOn: storedOn,
            isReported: isReported
        )
    }
}
