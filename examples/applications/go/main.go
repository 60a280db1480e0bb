// A program alone in its image: goroutines, many of them in system calls, and a request to itself by name.
package main

import (
	"fmt"
	"io"
	"log"
	"net/http"
	"os"
	"sync"
)

func main() {
	http.HandleFunc("/inner", func(response http.ResponseWriter, _ *http.Request) { fmt.Fprint(response, "inner") })
	http.HandleFunc("/", func(response http.ResponseWriter, _ *http.Request) {
		var group sync.WaitGroup
		for number := 0; number < 200; number++ {
			group.Add(1)
			go func() {
				defer group.Done()
				file, err := os.CreateTemp("", "crowd")
				if err != nil {
					log.Fatal(err)
				}
				defer os.Remove(file.Name())
				defer file.Close()
				if _, err := file.Write(make([]byte, 4096)); err != nil || file.Sync() != nil {
					log.Fatal(err)
				}
			}()
		}
		group.Wait()
		answer, err := http.Get("http://localhost:8080/inner")
		if err != nil {
			http.Error(response, err.Error(), 500)
			return
		}
		defer answer.Body.Close()
		text, _ := io.ReadAll(answer.Body)
		fmt.Fprintf(response, "200 files, %s\n", text)
	})
	log.Fatal(http.ListenAndServe(":8080", nil))
}
