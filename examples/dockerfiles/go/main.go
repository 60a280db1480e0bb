package main

import (
	"flag"
	"fmt"
	"log"
	"net/http"

	"rsc.io/quote"
)

func main() {
	port := flag.Int("port", 8000, "port to listen on")
	flag.Parse()
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(response, quote.Go())
	})
	log.Fatal(http.ListenAndServe(fmt.Sprintf(":%d", *port), nil))
}
