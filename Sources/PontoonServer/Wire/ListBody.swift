/// The JSON body with one page of a list.
///
/// Source: docs/api.md#lists.
struct ListBody<Item: JSONWritable>: JSONWritable {
    /// The JSON object that links to a neighboring page.
    struct Link: JSONWritable {
        let href: String
        /// `next` or `prev`.
        let rel: String

        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("href", href)
                json.field("method", "GET")
                json.field("rel", rel)
            }
        }
    }

    /// Absolute URL of this page, including filters.
    let href: String
    let items: [Item]
    let links: [Link]
    /// The fields of each item to include.
    let fields: FieldSelection

    func write(to json: inout JSONWriter) {
        json.object { json in
            json.field("href", href)
            json.array("items", items) { json, item in json.write(item, fields: fields) }
            json.field("links", links)
        }
    }
}
