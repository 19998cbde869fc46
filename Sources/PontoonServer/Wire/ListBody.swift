/// The JSON body with one page of a list.
///
/// Source: docs/api.md#lists.
struct ListBody<Item: JSONWritable>: JSONWritable {
    /// The JSON object that links to the next or previous page.
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
    /// Further fields of the body, by name.
    ///
    /// A name must sort before `href` or after `links`; fields with other names are not written.
    var extras: [String: any JSONWritable] = [:]

    func write(to json: inout JSONWriter) {
        let extras = extras.sorted { $0.key < $1.key }
        json.object { json in
            for (name, value) in extras where name < "href" { json.append(value, as: name) }
            json.field("href", href)
            json.array("items", items) { json, item in json.write(item, fields: fields) }
            json.field("links", links)
            for (name, value) in extras where name > "links" { json.append(value, as: name) }
        }
    }
}

extension JSONWriter {
    /// Appends a field whose type is known only at run time.
    fileprivate mutating func append(_ value: some JSONWritable, as name: String) { field(name) { value } }
}
