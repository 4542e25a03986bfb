package browser

// pages lists the console's pages, each with content to show.
var pages = []string{
	"cases", "cases/loc-100/case-1002", "cases/loc-100/case-1001", "view", "view/loc-100/case-1004",
	"assets", "assets/loc-100/asset-77", "search", "warranty", "settings", "locations", "operations",
}
