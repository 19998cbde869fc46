import PontoonCore

/// The JSON body that describes a job.
///
/// `GET /v2/async/files/{kind}/{job_id}`; source: docs/api.md#asynchronous-jobs.
struct FileJobBody: JSONWritable {
    let job: FileJob
    /// The results of the items that are done, in the order of the items; `nil` in lists, which have no `result`.
    let results: [FileJobResult]?
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        let progress = job.progress
        json.object { json in
            json.field("completed_files", progress.completedFiles)
            json.field("failed_files", progress.failedFiles)
            json.field("finished_on", job.finishedOn.map(Timestamp.init))
            json.field("href", "\(base.api)\(FileJobCalls.root)/\(job.kind.rawValue)/\(job.id)")
            json.field("id", job.id)
            if let results { json.field("result", results.map { ResultBody(result: $0, base: base) }) }
            json.field("started_on", job.startedOn.map(Timestamp.init))
            json.field("state", progress.state.rawValue.uppercased())
            json.field("total_files", progress.totalFiles)
            json.field("type", job.kind.rawValue.uppercased())
        }
    }

    /// The JSON object with the result of one item: `{"resource": …}` or `{"error": …}`.
    private struct ResultBody: JSONWritable {
        let result: FileJobResult
        let base: BaseURL

        func write(to json: inout JSONWriter) {
            json.object { json in
                switch result {
                case .failed(let failure):
                    json.field("error", ErrorBody(PontoonError(failure.code, failure.message)))
                case .deleted(let id): json.field("resource", ["id": id])
                case .file(let file): json.field("resource", FileSummary(file: file, base: base))
                }
            }
        }
    }

    /// The fields that a list of files includes by default.
    private struct FileSummary: JSONWritable {
        let file: FileJobFile
        let base: BaseURL

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("href", "\(base.api)/files/\(file.id)")
                json.field("id", file.id)
                json.field("name", file.name)
                json.field("parent", file.parent)
                json.field("project", file.project.description)
                json.field("type", file.kind.rawValue)
            }
        }
    }
}
