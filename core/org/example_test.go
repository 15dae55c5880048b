package org_test

import (
	"fmt"

	"github.com/huongvecoso/outreach/core/org"
)

func ExampleTree_Find() {
	tree := org.NewTree(xuanLoc().Places, day("2017-05-05"))
	for _, place := range tree.Find("binh minh") {
		fmt.Println(tree.Display(place))
	}
	// Output:
	// ấp Bình Minh (xã Suối Cát)
	// ấp Bình Minh (xã Xuân Hiệp)
}
