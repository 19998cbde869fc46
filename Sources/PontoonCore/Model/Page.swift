/// Which stretch of a list is wanted.
package struct Page: Hashable, Sendable {
    /// How many entries are skipped, 0 or more.
    package let offset: Int
    /// How many entries at the most, 0 to 100.
    package let limit: Int

    /// Joins the fields.
    package init(offset: Int, limit: Int) {
        self.offset = offset
        self.limit = limit
    }
}

/// A stretch of a list and how long the whole list is.
package struct Listing<Item: Sendable>: Sendable {
    /// The entries of the page.
    package let items: [Item]
    /// How many entries match in all.
    package let total: Int

    /// Joins the fields.
    package init(items: [Item], total: Int) {
        self.items = items
        self.total = total
    }
}
