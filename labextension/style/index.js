import './index.css';
import './editor.css';
