package main

func Example() {
	main()
	// Output:
	// buổi 02/3/2017: verified
	// vấn đề XL-17-0001: closed, satisfied; hẹn 30/3/2017
}
