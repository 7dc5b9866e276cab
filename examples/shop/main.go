// A shop as there are many: HTTP in front, SQL behind, and not a line about metrics. docs/quickstart.md watches it.
package main

import (
	"database/sql"
	"flag"
	"fmt"
	"log"
	"net/http"
)

func main() {
	address := flag.String("listen", "localhost:8080", "where to serve")
	flag.Parse()
	sql.Register("memory", memory{})
	db, err := sql.Open("memory", "")
	if err != nil {
		log.Fatal(err)
	}
	http.HandleFunc("GET /products/{id}", func(w http.ResponseWriter, r *http.Request) {
		var name string
		if err := db.QueryRowContext(r.Context(), "SELECT name FROM products WHERE id = ?", r.PathValue("id")).Scan(&name); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		fmt.Fprintln(w, name)
	})
	http.HandleFunc("POST /orders", func(w http.ResponseWriter, r *http.Request) {
		if _, err := db.ExecContext(r.Context(), "INSERT INTO orders (product) VALUES (?)", r.FormValue("product")); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.WriteHeader(http.StatusCreated)
	})
	http.HandleFunc("GET /reports/{month}", func(w http.ResponseWriter, r *http.Request) {
		if _, err := db.ExecContext(r.Context(), "SELECT sum(price) FROM missing"); err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
		}
	})
	log.Fatal(http.ListenAndServe(*address, nil))
}
