import PontoonCore

/// The JSON object that describes an event, in the format of CloudEvents 1.0.
///
/// Source: docs/events.md#format.
struct EventBody: JSONWritable {
    let event: Event

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("actor", event.actor)
            json.field("cursor", event.cursor.text)
            json.field("data", StoredJSON(text: event.data))
            json.field("datacontenttype", "application/json")
            json.field("id", event.id)
            json.field("project", event.project?.description)
            json.field("source", "/v2")
            json.field("specversion", "1.0")
            json.field("subject", event.subject)
            json.field("time", Timestamp(event.occurredOn))
            json.field("type", EventType.prefix + event.type)
        }
    }
}

/// The response to `GET /v2/events`.
struct EventPageBody: JSONWritable {
    let page: EventPage

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("events", page.events.map { EventBody(event: $0) })
            json.field("has_more", page.hasMore)
            json.field("next", page.next.text)
        }
    }
}

/// The data of an `upload.progress` message, which is sent in event streams but is not part of the event log.
struct UploadProgressBody: JSONWritable {
    let summary: UploadSummary

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("name", summary.upload.name)
            json.field("project", project)
            json.field("size", summary.upload.size)
            json.field("stored_bytes", summary.storedBytes)
            json.field("stored_parts_count", summary.storedParts)
            json.field("upload_id", summary.upload.id)
            json.field("uploaded_parts_count", summary.reportedParts)
        }
    }

    private var project: String? {
        guard case .folder(_, let project, _) = summary.upload.destination else { return nil }
        return project.description
    }
}
