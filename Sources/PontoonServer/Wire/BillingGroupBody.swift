import PontoonCore

/// The JSON body that describes the billing group of a user.
///
/// `GET /v2/billing/groups/{group_id}`; source: docs/api.md#billing-groups-tasks-and-apps.
struct BillingGroupBody: JSONWritable {
    let userName: String
    let base: BaseURL

    func write(to json: inout JSONWriter) {
        let id = BillingGroup.id(of: userName)
        json.object { json in
            json.field("balance", Balance())
            json.field("disabled", false)
            json.field("href", "\(base.api)/billing/groups/\(id)")
            json.field("id", id)
            json.field("name", userName)
            json.field("owner", userName)
            json.field("pending", false)
            json.field("type", "FREE")
        }
    }

    private struct Balance: JSONWritable {
        func write(to json: inout JSONWriter) {
            json.object { json in
                json.field("amount", JSONValue.integer(0))
                json.field("currency", "USD")
            }
        }
    }
}
