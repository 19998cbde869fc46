import PontoonCore

/// The JSON object that describes the usage and quota of a user or project.
///
/// Source: docs/api.md#usage-and-forecast.
struct UsageBody: JSONWritable {
    let report: UsageReport

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("files", report.usage.files)
            json.field("open_uploads", report.usage.openUploads)
            json.field("quota", QuotaBody(quota: report.quota))
            json.field("reserved_bytes", report.usage.reservedBytes)
            json.field("stored_bytes", report.usage.storedBytes)
        }
    }

    private struct QuotaBody: JSONWritable {
        let quota: Quota

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("bytes", OrNull(quota.bytes))
                json.field("files", OrNull(quota.files))
                json.field("open_uploads", OrNull(quota.openUploads))
            }
        }
    }
}

/// The JSON object that describes the usage of one project: an item of `GET /v2/usage`.
struct ProjectUsageBody: JSONWritable {
    let project: ProjectUsage
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("href", "\(base.api)/projects/\(project.id)")
            json.field("id", project.id.description)
            json.field("usage", UsageBody(report: project.report))
        }
    }
}

/// The JSON object that forecasts when an upload will be done: an item of `GET /v2/forecast`.
struct UploadForecastBody: JSONWritable {
    let forecast: UploadForecast
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        let upload = forecast.upload
        json.object { json in
            json.field("bytes_per_second", OrNull(forecast.bytesPerSecond))
            json.field("done_on", OrNull(forecast.doneOn.map { Timestamp($0) }))
            json.field("href", "\(base.api)\(UploadCalls.root)/\(upload.id)")
            json.field("name", upload.name)
            json.field("remaining_bytes", OrNull(forecast.remainingBytes))
            json.field("size", OrNull(upload.size))
            json.field("stored_bytes", OrNull(forecast.storedBytes))
            json.field("upload_id", upload.id)
        }
    }
}

/// The JSON object that forecasts when the disk will be full.
struct DiskForecastBody: JSONWritable {
    let forecast: DiskForecast

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("bytes_per_second", OrNull(forecast.bytesPerSecond))
            json.field("free_bytes", OrNull(forecast.freeBytes))
            json.field("full_on", OrNull(forecast.fullOn.map { Timestamp($0) }))
        }
    }
}
